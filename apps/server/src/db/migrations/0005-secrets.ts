import { sql, type Kysely } from "kysely";

/** Secrets as they are kept, approvals of workflows, and what makes a retry of a pipeline idempotent. */
export async function secrets(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table secrets (
    id bigint generated always as identity primary key,
    scope text not null check (scope in ('owner', 'repository')),
    target text not null check (target <> ''),
    name text not null,
    events text[] not null,
    key_id text not null,
    sealed bytea not null,
    set_by text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (scope, target, name)
  )`,
  `create index secrets_key on secrets (key_id)`,

  `alter table workflows
    add column needs_approval boolean not null default false,
    add column approved_by text,
    add column approved_at timestamptz,
    add column secrets_granted boolean not null default false,
    add column retry_key text`,
  // The few that wait for an operator: no other update touches these.
  `create index workflows_approval on workflows (id) where state = 'blocked' and block_reason = 'approval'`,
];
