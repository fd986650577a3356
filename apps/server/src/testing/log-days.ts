import { sql } from "kysely";
import type { TestContext } from "node:test";
import type { ServerContext } from "../context.ts";

/** Lets all logs there are have begun, and their workflows have ended, so many days earlier than they did. */
export async function backdateLogs(t: TestContext, { db }: ServerContext, days: number): Promise<void> {
  const { rows } = await sql<{ day: string; until: string; name: string }>`
    select d::text as day, (d + 1)::text as until, 'log_chunks_' || to_char(d, 'YYYYMMDD') as name
    from (select (now() at time zone 'utc')::date - ${days}::integer as d) past`.execute(db);
  for (const { day, until, name } of rows) {
    const table = sql.table(name);
    t.after(() => sql`drop table if exists ${table}`.execute(db));
    await sql`create table if not exists ${table} partition of log_chunks
      for values from (${sql.lit(day)}) to (${sql.lit(until)})`.execute(db);
    await sql`update step_runs set log_day = ${day}::date`.execute(db);
    await sql`update log_chunks set log_day = ${day}::date`.execute(db);
    await sql`update workflows set finished_at = finished_at - ${days} * interval '1 day'`.execute(db);
  }
}
