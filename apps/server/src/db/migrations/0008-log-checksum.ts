import { sql, type Kysely } from "kysely";

/** The running CRC-32 of each log, which Done compares with what the agent wrote. */
export async function logChecksum(db: Kysely<unknown>): Promise<void> {
  await sql`alter table step_runs add column log_crc32 bigint not null default 0`.execute(db);
}
