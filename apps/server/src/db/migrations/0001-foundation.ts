import { sql, type Kysely } from "kysely";

/** Everything the foundation keeps: tokens, machines, agents, pipelines, workflows, leases, step runs, logs, blobs. */
export async function foundation(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // One sequence for every lease of every workflow: an epoch is never reused, so it can fence.
  `create sequence lease_epoch`,

  `create table liveness (
    only_row boolean primary key default true check (only_row),
    alive_at timestamptz not null default now(),
    up_since timestamptz not null default now()
  )`,
  `insert into liveness default values`,

  `create table tokens (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    kind text not null check (kind in ('enrolment', 'operator')),
    role text check (role in ('viewer', 'operator', 'admin')),
    hash bytea not null unique,
    single_use boolean not null default false,
    created_at timestamptz not null default now(),
    created_by text not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    used_up_at timestamptz,
    revoked_at timestamptz,
    check ((kind = 'operator') = (role is not null))
  )`,

  `create table machines (
    id uuid primary key default gen_random_uuid(),
    system_uuid text not null,
    board_serial text not null,
    macs text[] not null,
    vendor text not null,
    product text not null,
    serial text not null,
    hostname text not null,
    created_at timestamptz not null default now()
  )`,

  `create table agents (
    id uuid primary key default gen_random_uuid(),
    name text not null unique,
    serves text not null check (serves in ('build', 'vetting')),
    platform text not null,
    backend text not null,
    version text not null,
    capacity integer not null,
    labels jsonb not null,
    capabilities text[] not null,
    machine_id uuid not null references machines,
    boot_id text not null,
    credential_hash bytea unique,
    enrolled_by uuid,
    generation bigint not null default 0,
    lifecycle text not null default 'ready' check (lifecycle in ('ready', 'draining', 'terminated')),
    load_1m double precision not null default 0,
    recent_log text[] not null default '{}',
    created_at timestamptz not null default now(),
    registered_at timestamptz not null default now(),
    last_seen_at timestamptz,
    disconnected_at timestamptz
  )`,

  `create table pipelines (
    id bigint generated always as identity primary key,
    name text not null,
    file_path text not null,
    file_content text not null,
    repository text not null,
    commit text not null,
    branch text not null,
    env jsonb not null,
    submitted_by text not null,
    idempotency_key text,
    created_at timestamptz not null default now(),
    unique (submitted_by, idempotency_key)
  )`,

  // What an agent must be to match: kind, labels and, for a pinned workflow, the machine. Few rows, kept in memory.
  `create table label_classes (
    id integer generated always as identity primary key,
    kind text not null,
    labels jsonb not null,
    machine_id uuid,
    unique nulls not distinct (kind, labels, machine_id)
  )`,

  // The hot row. No foreign keys and no indexed timestamps, so that most updates stay on their page.
  `create table workflows (
    id bigint generated always as identity primary key,
    pipeline_id bigint,
    kind text not null check (kind in ('build', 'vetting')),
    name text not null,
    matrix jsonb not null,
    depends_on text[] not null,
    class_id integer not null,
    priority integer not null default 0,
    plan jsonb not null,
    timeout_ms integer not null,
    on_agent_lost text not null check (on_agent_lost in ('requeue', 'fail', 'resume')),
    state text not null check (state in
      ('blocked', 'queued', 'leased', 'running', 'succeeded', 'failed', 'canceled', 'timed_out', 'lost', 'skipped')),
    block_reason text,
    parents_left integer not null default 0,
    epoch bigint not null default 0,
    attempt integer not null default 0,
    losses integer not null default 0,
    agent_id uuid,
    agent_name text,
    poll_id text,
    received boolean not null default false,
    leased_at timestamptz,
    expires_at timestamptz,
    deadline timestamptz,
    cancel_requested_at timestamptz,
    canceled_by text,
    end_reason text,
    error text not null default '',
    created_at timestamptz not null default now(),
    queued_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz
  ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0)`,
  `create index workflows_queued on workflows (class_id, priority desc, id) where state = 'queued'`,
  `create index workflows_held on workflows (agent_id) where state in ('leased', 'running')`,
  `create index workflows_pipeline on workflows (pipeline_id, id)`,

  `create table workflow_parents (
    child_id bigint not null,
    parent_id bigint not null,
    primary key (parent_id, child_id)
  )`,

  // Who held what. Outlives the lease, so that late logs find their owner.
  `create table leases (
    epoch bigint primary key,
    workflow_id bigint not null,
    agent_id uuid not null,
    granted_at timestamptz not null default now(),
    ended_at timestamptz
  )`,

  `create table workflow_events (
    id bigint generated always as identity primary key,
    workflow_id bigint not null,
    at timestamptz not null default clock_timestamp(),
    from_state text,
    to_state text not null,
    reason text,
    epoch bigint not null,
    actor text not null
  )`,
  `create index workflow_events_workflow on workflow_events (workflow_id, id)`,

  `create table step_runs (
    id bigint generated always as identity primary key,
    workflow_id bigint not null,
    epoch bigint not null,
    step text not null,
    try integer not null,
    state text not null check (state in
      ('pending', 'running', 'succeeded', 'failed', 'canceled', 'timed_out', 'skipped', 'lost')),
    sequence bigint not null default 0,
    next_line bigint not null default 0,
    exit_code integer,
    signal text not null default '',
    error text not null default '',
    started_at timestamptz,
    finished_at timestamptz,
    unique (workflow_id, epoch, step, try)
  ) with (fillfactor = 80)`,

  // One row holds a batch of lines: \`data\` is a zstd-compressed groundcrew.v1.EnqueueLogRequest without its step_run.
  `create table log_chunks (
    step_run_id bigint not null,
    first_line bigint not null,
    line_count integer not null,
    lost_before bigint not null default 0,
    data bytea not null,
    created_at timestamptz not null default now(),
    primary key (step_run_id, first_line)
  )`,
  `alter table log_chunks alter column data set storage external`,

  `create table samples (
    workflow_id bigint not null,
    epoch bigint not null,
    at timestamptz not null,
    kind text not null,
    key text not null,
    value double precision not null,
    unit text not null
  )`,
  `create index samples_workflow on samples (workflow_id, at)`,

  `create table blobs (
    id bigint generated always as identity primary key,
    workflow_id bigint not null,
    step_run_id bigint,
    name text not null,
    content_type text not null,
    size bigint not null,
    sha256 bytea not null,
    created_at timestamptz not null default now(),
    unique nulls not distinct (workflow_id, step_run_id, name)
  )`,

  `create table vetting_runs (
    workflow_id bigint primary key,
    machine_id uuid not null references machines,
    profile_name text not null,
    run jsonb not null,
    stage_times jsonb not null default '{}',
    report_blob_id bigint
  )`,
  `create index vetting_runs_machine on vetting_runs (machine_id, workflow_id desc)`,
];
