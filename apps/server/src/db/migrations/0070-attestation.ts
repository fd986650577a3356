import { sql, type Kysely } from "kysely";

/** The keys that reports are signed with: the newest one signs, the older ones are still published. */
export async function attestation(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create table attestation_keys (
        id text primary key,
        public_key text not null,
        key_id text not null,
        sealed bytea not null,
        created_at timestamptz not null default now()
      )`,
    )
    .execute(db);
}
