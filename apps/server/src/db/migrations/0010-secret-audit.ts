import { sql, type Kysely } from "kysely";

/** Who set, removed and used which secret, and when. A row outlives the secret, the workflow and the agent. */
export async function secretAudit(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table secret_events (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    action text not null check (action in ('set', 'remove', 'use', 'rotate')),
    scope text check (scope in ('owner', 'repository')),
    target text not null default '',
    name text not null default '',
    actor text not null,
    workflow_id bigint,
    epoch bigint,
    key_id text not null default ''
  )`,
  // A grant whose answer was lost is told again: that is the same use.
  `create unique index secret_events_use on secret_events (epoch, scope, target, name) where action = 'use'`,
];
