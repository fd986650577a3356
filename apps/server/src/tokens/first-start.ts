import type { Db } from "../context.ts";
import { newSecret } from "./secret.ts";

/**
 * Makes the first admin token when there never was one, and returns its secret, which is told nowhere else.
 * `keep` stores it before it counts: where that fails, there is no token either.
 * Several replicas may start at once: one of them makes it.
 */
export async function firstAdminToken(db: Db, keep: (token: string) => Promise<void>): Promise<string | undefined> {
  return db.transaction().execute(async (tx) => {
    // Held to the end of the transaction, so that two replicas do not both find none.
    await tx.selectFrom("liveness").select("only_row").forUpdate().execute();
    const existing = await tx.selectFrom("tokens").select("id").where("role", "=", "admin").executeTakeFirst();
    if (existing) return undefined;
    const token = await insertAdminToken(tx, "admin", "first start");
    await keep(token);
    return token;
  });
}

/** Makes a further admin token, for whoever may read the database but lost the token. Returns its secret. */
export async function insertAdminToken(db: Db, name: string, createdBy: string): Promise<string> {
  const { secret, hash } = newSecret("operator");
  await db
    .insertInto("tokens")
    .values({ name, kind: "operator", role: "admin", hash, created_by: createdBy })
    .execute();
  return secret;
}
