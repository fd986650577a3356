import type { Db } from "../context.ts";
import type { KeyRing } from "./key-ring.ts";

/** The ids of keys that secrets are encrypted with and this server does not have. */
async function missingKeys(db: Db, keys: KeyRing): Promise<string[]> {
  const rows = await db.selectFrom("secrets").select("key_id").distinct().where("key_id", "not in", keys.ids).execute();
  return rows.map(({ key_id }) => key_id);
}

/**
 * Says what is wrong when this server does not have every key that the database's secrets are encrypted with: it would
 * fail workflows that another replica runs. Undefined when all is well.
 */
export async function keyTrouble(db: Db, keys: KeyRing): Promise<string | undefined> {
  const missing = await missingKeys(db, keys);
  if (missing.length === 0) return undefined;
  return (
    `secrets of this database are encrypted with key ${missing.join(", ")}, which this server does not have (it has ` +
    `${keys.ids.join(", ")}): give all replicas the same keys, by GROUNDCREW_SECRET_KEYS or --secret-key-file`
  );
}

/** Throws an error that says what to do when this server cannot read every secret. */
export async function requireKeys(db: Db, keys: KeyRing): Promise<void> {
  const trouble = await keyTrouble(db, keys);
  if (trouble !== undefined) {
    throw new Error(`${trouble}. If that key is lost, remove what it encrypted: groundcrew-server forget-secrets`);
  }
}

/** Removes the secrets whose key this server does not have. Returns their names, with whose they were. */
export async function forgetSecrets(db: Db, keys: KeyRing): Promise<string[]> {
  const rows = await db
    .deleteFrom("secrets")
    .where("key_id", "not in", keys.ids)
    .returning(["scope", "target", "name"])
    .execute();
  return rows.map(({ scope, target, name }) => `${name} of ${scope} ${target}`).toSorted();
}
