import { sql, type Kysely } from "kysely";

/** What operators say of machines, specifications of models, batches of vetting runs, and what runs measured. */
export async function vettedFleet(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table specs (
    name text primary key,
    content text not null,
    spec jsonb not null,
    set_by text not null,
    updated_at timestamptz not null default now()
  )`,

  // Those that are known are vetted already: they need no approval now.
  `alter table machines
    add column name text not null default '',
    add column labels jsonb not null default '{}',
    add column power_watts integer,
    add column spec_name text references specs,
    add column declared jsonb not null default '{}',
    add column registered_by text not null default '',
    add column approval text not null default 'approved' check (approval in ('pending', 'approved', 'rejected')),
    add column approved_by text not null default '',
    add column trouble text not null default '',
    add column accepted_trouble text not null default ''`,
  `create unique index machines_name on machines (name) where name <> ''`,

  `create table vetting_batches (
    id bigint generated always as identity primary key,
    profile_name text not null,
    per_rack integer,
    max_watts integer,
    stagger_ms integer not null default 0,
    created_by text not null,
    created_at timestamptz not null default now(),
    admitted_at timestamptz
  )`,
  `alter table vetting_runs
    add column batch_id bigint references vetting_batches,
    add column rack text not null default '',
    add column watts integer not null default 0,
    add column spec_name text not null default '',
    add column spec jsonb,
    add column cohort text not null default ''`,
  `create index vetting_runs_batch on vetting_runs (batch_id, workflow_id) where batch_id is not null`,
  `create index vetting_runs_cohort on vetting_runs (cohort, machine_id, workflow_id desc) where cohort <> ''`,

  `create table vetting_figures (
    workflow_id bigint not null references vetting_runs on delete cascade,
    stage text not null,
    metric text not null,
    unit text not null,
    value double precision not null,
    primary key (workflow_id, stage, metric)
  )`,
];
