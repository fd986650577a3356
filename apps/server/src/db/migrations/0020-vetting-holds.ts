import { sql, type Kysely } from "kysely";

/** Held machines, resumed runs, and what operators allow one run of a stage. */
export async function vettingHolds(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table vetting_runs
    add column boot_id text not null default '',
    add column open_since timestamptz,
    add column held_since timestamptz,
    add column held_until timestamptz,
    add column override jsonb,
    add column interruption jsonb,
    add column canceling jsonb,
    add column power_off boolean not null default false`,
  `create index vetting_runs_open on vetting_runs (open_since) where open_since is not null`,
  `create index vetting_runs_held on vetting_runs (machine_id) where held_since is not null`,

  `create table vetting_hold_keys (
    workflow_id bigint primary key references vetting_runs on delete cascade,
    public_key text not null,
    key_id text not null,
    sealed bytea not null,
    created_at timestamptz not null default now()
  )`,
];
