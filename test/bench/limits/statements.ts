import type postgres from "postgres";

/** A workflow as the bare limits know it. */
export interface BareJob {
  id: string;
  epoch: string;
}

/** The tables of a queue without policies and events: what any queue that keeps its word has to write. */
export async function createTables(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    create sequence epochs;
    create table jobs (
      id bigint generated always as identity primary key,
      state smallint not null default 0,
      epoch bigint not null default 0,
      agent integer,
      expires_at timestamptz,
      plan text not null
    ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
    create index jobs_queued on jobs (id) where state = 0;
    create table steps (job bigint, epoch bigint, state smallint not null, primary key (job, epoch));`);
}

/** Queues this many jobs in one statement. */
export async function submit(sql: postgres.Sql, jobs: number): Promise<void> {
  await sql`insert into jobs (plan) select repeat('x', 180) from generate_series(1, ${jobs}::integer)`;
}

/** Leases up to this many jobs in one statement. */
export async function lease(sql: postgres.Sql, limit: number): Promise<(BareJob & { plan: string })[]> {
  return sql<(BareJob & { plan: string })[]>`
    with picked as (
      select id from jobs where state = 0 order by id limit ${limit} for update skip locked
    )
    update jobs set state = 1, epoch = nextval('epochs'), agent = 1, expires_at = now() + interval '60 seconds'
    from picked where jobs.id = picked.id
    returning jobs.id, jobs.epoch, jobs.plan`;
}

/** Starts jobs; as many as were really leased under that epoch. */
export function init(sql: postgres.Sql, jobs: readonly BareJob[]): Promise<number> {
  return count(sql`
    update jobs set state = 2, expires_at = now() + interval '60 seconds'
    from unnest(${ids(jobs)}::bigint[], ${epochs(jobs)}::bigint[]) as named (id, epoch)
    where jobs.id = named.id and jobs.epoch = named.epoch`);
}

/** Stores each job's one step. */
export function update(sql: postgres.Sql, jobs: readonly BareJob[]): Promise<number> {
  return count(sql`
    insert into steps (job, epoch, state)
    select id, epoch, 2 from unnest(${ids(jobs)}::bigint[], ${epochs(jobs)}::bigint[]) as named (id, epoch)
    on conflict do nothing`);
}

/** Ends jobs. */
export function done(sql: postgres.Sql, jobs: readonly BareJob[]): Promise<number> {
  return count(sql`
    update jobs set state = 3
    from unnest(${ids(jobs)}::bigint[], ${epochs(jobs)}::bigint[]) as named (id, epoch)
    where jobs.id = named.id and jobs.epoch = named.epoch`);
}

/** How many jobs have ended, and how many there are. */
export async function tally(sql: postgres.Sql): Promise<{ ended: number; steps: number; jobs: number }> {
  const [row] = await sql<{ ended: number; steps: number; jobs: number }[]>`
    select count(*) filter (where state = 3)::integer as ended, count(*)::integer as jobs,
      (select count(*) from steps)::integer as steps
    from jobs`;
  if (!row) throw new Error("no tally");
  return row;
}

async function count(query: Promise<{ count: number }>): Promise<number> {
  return (await query).count;
}

const ids = (jobs: readonly BareJob[]): string[] => jobs.map(({ id }) => id);
const epochs = (jobs: readonly BareJob[]): string[] => jobs.map(({ epoch }) => epoch);
