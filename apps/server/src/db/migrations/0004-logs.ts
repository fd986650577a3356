import { sql, type Kysely } from "kysely";

/**
 * Log chunks in a table for each day on which their step runs began, so that retention drops tables; and the logs that
 * were moved to the object store. The chunks there are become the first of these tables as they are, without a copy.
 */
export async function logs(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

/** By UTC, whatever the session's time zone is. */
const TODAY = `(now() at time zone 'utc')::date`;

const STATEMENTS = [
  // A step run's chunks are all in the table of its day: so its lines stay unique, and a reader looks into one table.
  `alter table step_runs
    add column log_day date not null default ${TODAY},
    add column log_moved boolean not null default false`,
  `create index step_runs_log_day on step_runs (log_day) where not log_moved`,

  `alter table log_chunks rename to log_chunks_before`,
  `alter table log_chunks_before
    add column log_day date not null default ${TODAY},
    drop constraint log_chunks_pkey,
    add constraint log_chunks_before_pkey primary key (step_run_id, first_line, log_day)`,
  `create table log_chunks (
    step_run_id bigint not null,
    first_line bigint not null,
    line_count integer not null,
    lost_before bigint not null default 0,
    data bytea not null,
    created_at timestamptz not null default now(),
    log_day date not null default ${TODAY},
    primary key (step_run_id, first_line, log_day)
  ) partition by range (log_day)`,
  `alter table log_chunks alter column data set storage external`,
  `alter table log_chunks attach partition log_chunks_before for values from (${TODAY}) to (${TODAY} + 1)`,
  `do $$ begin
    execute format('alter table log_chunks_before rename to %I', 'log_chunks_' || to_char(${TODAY}, 'YYYYMMDD'));
    for n in 1..3 loop
      execute format('create table %I partition of log_chunks for values from (%L) to (%L)',
        'log_chunks_' || to_char(${TODAY} + n, 'YYYYMMDD'), ${TODAY} + n, ${TODAY} + n + 1);
    end loop;
  end $$`,

  // Written before the object is, so that none is forgotten; it counts once it has its frames.
  `create table log_archives (
    step_run_id bigint primary key,
    object_key text not null,
    frames jsonb,
    created_at timestamptz not null default now()
  )`,
];
