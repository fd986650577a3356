import { sql } from "kysely";
import type { Db, ServerContext, Tx } from "../context.ts";
import { lockMigrations } from "../db/migration-lock.ts";

/** For how many days ahead there are tables: as long as no maintenance may run without a step run that finds none. */
const DAYS_AHEAD = 7;

/** How long a change of the tables waits for those who read or write them, before it leaves it to the next time. */
const LOCK_TIMEOUT = "1s";

/** How old a day must be, in days, before its table may go: what began in it is visible to all by then. */
const SETTLED_DAYS = 2;

/** A day's table of log chunks. */
export interface LogDay {
  /** Such as "log_chunks_20261122". */
  table: string;
  /** Such as "2026-11-22". */
  day: string;
}

/** Makes the tables of log chunks for today and the days ahead, as far as there are none. Returns 0: all are made. */
export async function makeLogDays({ db }: Pick<ServerContext, "db">): Promise<number> {
  await db.transaction().execute(async (tx) => {
    await bounded(tx);
    // Replicas that start together make them once.
    await lockMigrations(tx);
    for (const missing of await missingDays(tx)) await makeTable(tx, missing);
  });
  return 0;
}

async function missingDays(tx: Tx): Promise<(LogDay & { until: string })[]> {
  const { rows } = await sql<LogDay & { until: string }>`
    select 'log_chunks_' || to_char(d, 'YYYYMMDD') as "table", d::text as day, (d + 1)::text as until
    from (select (now() at time zone 'utc')::date + n as d from generate_series(0, ${DAYS_AHEAD}::integer) n) days
    where to_regclass('log_chunks_' || to_char(d, 'YYYYMMDD')) is null order by d`.execute(tx);
  return rows;
}

/** Made first and attached then: that takes a weaker lock, for which no reader or writer has to wait. */
async function makeTable(tx: Tx, { table, day, until }: LogDay & { until: string }): Promise<void> {
  const name = sql.table(table);
  await sql`create table ${name} (like log_chunks including all)`.execute(tx);
  const range = sql`values from (${sql.lit(day)}) to (${sql.lit(until)})`;
  await sql`alter table log_chunks attach partition ${name} for ${range}`.execute(tx);
}

/**
 * Drops the tables of past days of whose step runs none needs its chunks any more: they were removed, or their logs
 * moved. Returns how many it dropped.
 */
export async function dropLogDays({ db }: Pick<ServerContext, "db">): Promise<number> {
  const days = await listLogDays(db);
  let dropped = 0;
  for (const each of days) if (await isFree(db, each)) dropped += await drop(db, each);
  return dropped;
}

/** The tables there are, the oldest first. */
export async function listLogDays(db: Db): Promise<LogDay[]> {
  const { rows } = await sql<LogDay>`
    select c.relname as "table", to_date(right(c.relname, 8), 'YYYYMMDD')::text as day
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'log_chunks'::regclass order by c.relname`.execute(db);
  return rows;
}

async function isFree(db: Db, { day }: LogDay): Promise<boolean> {
  const { rows } = await sql<{ free: boolean }>`
    select ${day}::date <= (now() at time zone 'utc')::date - ${SETTLED_DAYS}::integer and not exists (
      select from step_runs where log_day = ${day}::date and not log_moved) as free`.execute(db);
  return rows[0]?.free ?? false;
}

async function drop(db: ServerContext["db"], { table }: LogDay): Promise<number> {
  await db.transaction().execute(async (tx) => {
    await bounded(tx);
    await sql`drop table ${sql.table(table)}`.execute(tx);
  });
  return 1;
}

async function bounded(tx: Tx): Promise<void> {
  await sql`set local lock_timeout = ${sql.lit(LOCK_TIMEOUT)}`.execute(tx);
}
