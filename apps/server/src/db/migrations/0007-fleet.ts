import { sql, type Kysely } from "kysely";

/** What operators say of agents instead of what these say themselves, and the workflows that steps add. */
export async function fleet(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // What an agent says of itself, where an operator has said otherwise: then labels and capacity are the operator's.
  `alter table agents add column own_labels jsonb, add column own_capacity integer`,

  `create table workflow_uploads (
    workflow_id bigint not null,
    digest bytea not null,
    pipeline_id bigint not null,
    epoch bigint not null,
    step text not null,
    files jsonb not null,
    added jsonb not null,
    created_at timestamptz not null default now(),
    primary key (workflow_id, digest)
  )`,
  `create index workflow_uploads_pipeline on workflow_uploads (pipeline_id)`,
];
