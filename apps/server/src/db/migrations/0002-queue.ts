import { sql, type Kysely } from "kysely";

/** What the queue decides by: policies, fairness, groups, pauses, grants, directives, replicas. */
export async function queue(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // A class is all that decides who may lease a workflow: labels, and whose work it is.
  `alter table label_classes
    add column owner text not null default '',
    add column repository text not null default '',
    add column trusted boolean not null default true,
    -- What agents look at, but for whose work it is: owners take turns within it.
    add column pool text not null generated always as (md5(kind || labels::text || coalesce(machine_id::text, ''))) stored,
    drop constraint label_classes_kind_labels_machine_id_key,
    add unique nulls not distinct (kind, labels, machine_id, owner, repository, trusted)`,

  `alter table agents
    add column grant_owners text[] not null default '{}',
    add column grant_repositories text[] not null default '{}',
    add column grant_untrusted boolean not null default false`,
  `alter table tokens
    add column grant_owners text[] not null default '{}',
    add column grant_repositories text[] not null default '{}',
    add column grant_untrusted boolean not null default false`,

  `alter table workflows
    add column fair_key bigint not null default 0,
    add column not_before timestamptz,
    add column queue_timeout_ms integer,
    add column queue_deadline timestamptz,
    add column concurrency_group text,
    add column concurrency_limit integer,
    add column concurrency_cancels boolean not null default false,
    add column retry jsonb,
    add column retries integer not null default 0,
    add column retry_of bigint`,
  `drop index workflows_queued`,
  `create index workflows_queued on workflows (class_id, priority desc, fair_key, id) where state = 'queued'`,
  // The few that wait for a moment or a place: no other update touches these.
  `create index workflows_delayed on workflows (not_before) where state = 'blocked' and block_reason = 'delay'`,
  `create index workflows_queue_deadline on workflows (queue_deadline)
    where state in ('blocked', 'queued') and queue_deadline is not null`,
  `create index workflows_group on workflows (concurrency_group, priority desc, fair_key, id)
    where concurrency_group is not null and state in ('blocked', 'queued', 'leased', 'running')`,

  `alter table workflow_parents
    add column condition text not null default 'success' check (condition in ('success', 'failure', 'always'))`,

  `alter table workflow_events add column replica text not null default ''`,

  `alter table step_runs add column deadline timestamptz`,
  `create index step_runs_deadline on step_runs (deadline) where state = 'running' and deadline is not null`,

  // Each row is written once more, when its lease ends: on the same page.
  `alter table leases set (fillfactor = 50)`,

  `create index workflows_retry_of on workflows (retry_of) where retry_of is not null`,

  // What retention goes by.
  `create index pipelines_created on pipelines (created_at)`,
  `create index blobs_sha256 on blobs (sha256)`,

  // The turns that replicas tell each other of: the newest an owner was given in a pool, and the newest leased of a pool.
  `create table fair_turns (
    pool text not null,
    owner text,
    turn bigint not null,
    unique nulls not distinct (pool, owner)
  )`,

  `create table pauses (
    scope text not null check (scope in ('queue', 'repository', 'agent')),
    target text not null,
    paused_by text not null,
    reason text not null,
    paused_at timestamptz not null default now(),
    primary key (scope, target)
  )`,

  `create table directives (
    id bigint generated always as identity primary key,
    agent_id uuid not null,
    generation bigint not null,
    action jsonb not null,
    created_by text not null,
    created_at timestamptz not null default now(),
    acknowledged_at timestamptz,
    refused text not null default ''
  )`,
  `create index directives_pending on directives (agent_id, id) where acknowledged_at is null`,

  `create table replicas (
    name text primary key,
    started_at timestamptz not null default now(),
    alive_at timestamptz not null default now()
  )`,
  // One row: who does the maintenance, and until when. No session lock, so that it works through a pooler.
  `create table maintenance (
    only_row boolean primary key default true check (only_row),
    replica text not null default '',
    term bigint not null default 0,
    until timestamptz not null default now()
  )`,
  `insert into maintenance default values`,
];
