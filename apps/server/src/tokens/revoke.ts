import type { Token } from "@groundcrew/proto";
import { conflict, invalidField, notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Db, Tx } from "../context.ts";
import { isUuid, requireText } from "../validate.ts";
import { tokenMessage, type TokenRow } from "./token-message.ts";

/**
 * Revokes a token, named by its id or by a name that no other has: its next call is refused. Idempotent. Throws
 * NOT_FOUND, INVALID_ARGUMENT for a name that several have, and FAILED_PRECONDITION for the last token that could
 * make another.
 */
export async function revokeToken(db: Db, token: string): Promise<Token> {
  requireText("token", token, { min: 1, max: 63, expected: "a token's id or name" });
  const row = await db.transaction().execute(async (tx) => {
    const found = await find(tx, token);
    if (found.revoked_at !== null) return found;
    if (found.role === "admin") await requireAnotherAdmin(tx, found);
    return revoke(tx, found);
  });
  return tokenMessage(row);
}

async function find(tx: Tx, token: string): Promise<TokenRow> {
  const rows = await tx
    .selectFrom("tokens")
    .selectAll()
    .where(isUuid(token) ? "id" : "name", "=", token)
    .orderBy("created_at", "desc")
    .execute();
  const usable = rows.filter(({ revoked_at }) => revoked_at === null);
  if (usable.length > 1) throw ambiguous(token, usable);
  const row = usable[0] ?? rows[0];
  if (!row) throw notFound("token", token);
  return row;
}

function ambiguous(token: string, rows: TokenRow[]) {
  return invalidField("token", token, `an id, since several have this name: ${rows.map(({ id }) => id).join(", ")}`);
}

/** Two admins who revoke each other at once wait for one another here: one of them stays. */
async function requireAnotherAdmin(tx: Tx, { id, name }: TokenRow): Promise<void> {
  const usable = await tx
    .selectFrom("tokens")
    .select("id")
    .where("role", "=", "admin")
    .where("revoked_at", "is", null)
    .where((eb) => eb.or([eb("expires_at", "is", null), eb("expires_at", ">", sql<Date>`now()`)]))
    .orderBy("id")
    .forUpdate()
    .execute();
  if (usable.some((other) => other.id !== id) || !usable.some((other) => other.id === id)) return;
  throw conflict(`${name} is the last admin token, and without one nobody can make tokens; make another first`);
}

function revoke(tx: Tx, { id }: TokenRow): Promise<TokenRow> {
  return tx
    .updateTable("tokens")
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
