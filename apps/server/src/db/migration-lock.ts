import { PostgresAdapter, sql } from "kysely";
import type { Tx } from "../context.ts";

/** Any number that no other lock of this database has. */
const LOCK_ID = 4_827_190_331;

/** Keeps replicas that start together from migrating at once, until the transaction ends, however it ends. */
export async function lockMigrations(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(LOCK_ID)})`.execute(tx);
}

/** Without kysely's own lock, which is the session's: a pooler may give the session to another while it is held. */
export class UnlockedAdapter extends PostgresAdapter {
  override acquireMigrationLock(): Promise<void> {
    return Promise.resolve();
  }

  override releaseMigrationLock(): Promise<void> {
    return Promise.resolve();
  }
}
