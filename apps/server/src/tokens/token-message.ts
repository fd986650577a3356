import { create } from "@bufbuild/protobuf";
import { Access, TokenKind, TokenSchema, type Token } from "@groundcrew/proto";
import type { Selectable } from "kysely";
import type { Database } from "../db/schema.ts";
import { timestampOf } from "../names.ts";

/** A token's row. */
export type TokenRow = Selectable<Database["tokens"]>;

/** The roles of an operator token, as the contract has them. */
export const ROLES = {
  viewer: Access.VIEWER,
  operator: Access.OPERATOR,
  admin: Access.ADMIN,
} as const satisfies Record<NonNullable<TokenRow["role"]>, Access>;

const KINDS: Record<TokenRow["kind"], TokenKind> = { enrolment: TokenKind.ENROLMENT, operator: TokenKind.OPERATOR };

/** A token as the contract has it, without anything of its secret. */
export function tokenMessage(row: Omit<TokenRow, "hash">): Token {
  return create(TokenSchema, {
    id: row.id,
    name: row.name,
    kind: KINDS[row.kind],
    role: row.role === null ? Access.UNSPECIFIED : ROLES[row.role],
    singleUse: row.single_use,
    createdAt: timestampOf(row.created_at),
    expiresAt: timestampOf(row.expires_at),
    lastUsedAt: timestampOf(row.last_used_at),
    revokedAt: timestampOf(row.revoked_at),
  });
}
