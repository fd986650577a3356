import { Access, TokenKind, type CreateTokenRequest, type Token } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { type OperatorRole } from "@groundcrew/rpc/server";
import { sql } from "kysely";
import { checkedGrants, type GrantColumns } from "../agents/grants.ts";
import type { Db } from "../context.ts";
import { requireText } from "../validate.ts";
import { newSecret } from "./secret.ts";
import { ROLES, tokenMessage } from "./token-message.ts";

/** How long an enrolment token lasts by default, in seconds: time enough to paste one line. */
const ENROLMENT_TTL_SECONDS = 3_600;

/** Makes a token and its secret, which is told here and nowhere else. Throws INVALID_ARGUMENT naming the field. */
export async function createToken(
  db: Db,
  request: CreateTokenRequest,
  createdBy: string,
): Promise<{ token: Token; secret: string }> {
  const { ttlSeconds, ...values } = checked(request);
  const { secret, hash } = newSecret(values.kind);
  const row = await db
    .insertInto("tokens")
    .values({
      ...values,
      hash,
      created_by: createdBy,
      expires_at: ttlSeconds === null ? null : sql<Date>`now() + ${ttlSeconds} * interval '1 second'`,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { token: tokenMessage(row), secret };
}

interface NewToken extends Partial<GrantColumns> {
  name: string;
  kind: "enrolment" | "operator";
  role: OperatorRole | null;
  single_use: boolean;
  /** Null: for ever. */
  ttlSeconds: number | null;
}

function checked(request: CreateTokenRequest): NewToken {
  const name = requireText("name", request.name, {
    min: 1,
    max: 63,
    pattern: /^\P{C}+$/u,
    expected: "1 to 63 characters that can be printed",
  });
  switch (request.kind) {
    case TokenKind.ENROLMENT:
      return { name, ...enrolment(request) };
    case TokenKind.OPERATOR:
      return { name, ...operator(request) };
    default:
      throw invalidField("kind", request.kind, "TOKEN_KIND_ENROLMENT or TOKEN_KIND_OPERATOR");
  }
}

function enrolment({ role, reusable, ttlSeconds, grants }: CreateTokenRequest): Omit<NewToken, "name"> {
  if (role !== Access.UNSPECIFIED) throw invalidField("role", role, "none: an enrolment token has no role");
  return {
    kind: "enrolment",
    role: null,
    single_use: !reusable,
    ttlSeconds: ttlSeconds || ENROLMENT_TTL_SECONDS,
    ...(grants && checkedGrants(grants)),
  };
}

function operator({ role, reusable, ttlSeconds, grants }: CreateTokenRequest): Omit<NewToken, "name"> {
  if (grants) throw invalidField("grants", "present", "none: only agents are granted work");
  if (reusable) throw invalidField("reusable", reusable, "false: only an enrolment token is ever used up");
  const found = (Object.keys(ROLES) as OperatorRole[]).find((name) => ROLES[name] === role);
  if (!found) throw invalidField("role", role, "ACCESS_VIEWER, ACCESS_OPERATOR or ACCESS_ADMIN");
  return { kind: "operator", role: found, single_use: false, ttlSeconds: ttlSeconds || null };
}
