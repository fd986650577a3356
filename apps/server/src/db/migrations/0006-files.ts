import { sql, type Kysely } from "kysely";

/** What builds keep of their files: artifacts, caches, test results. */
export async function files(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // An artifact is a file of the step run that kept it, and goes with its pipeline.
  `alter table blobs
    add column kind text not null default 'evidence' check (kind in ('evidence', 'artifact')),
    drop constraint blobs_workflow_id_step_run_id_name_key,
    add unique nulls not distinct (workflow_id, step_run_id, kind, name)`,
  `create index blobs_artifacts on blobs (workflow_id, name) where kind = 'artifact'`,

  // pipeline_id: the untrusted pipeline that alone reads the cache; 0: all of the repository do.
  `create table caches (
    id bigint generated always as identity primary key,
    repository text not null,
    pipeline_id bigint not null default 0,
    key text not null,
    size bigint not null,
    sha256 bytea not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    unique (repository, pipeline_id, key)
  )`,
  `create index caches_sha256 on caches (sha256)`,

  // Files that a row named and none may name any more. The store keeps young ones, so they are asked about later.
  `create table unnamed_blobs (
    sha256 bytea primary key,
    since timestamptz not null default now()
  )`,

  `create table test_results (
    step_run_id bigint primary key references step_runs on delete cascade,
    tests integer not null,
    failures integer not null,
    errors integer not null,
    skipped integer not null,
    duration_ms bigint not null,
    details jsonb not null
  )`,
];
