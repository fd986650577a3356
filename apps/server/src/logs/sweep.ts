import { sql } from "kysely";
import type { ServerContext } from "../context.ts";
import { listLogDays, type LogDay } from "./days.ts";

type Needs = Pick<ServerContext, "db" | "objects">;

/** How many step runs one statement looks for. */
const BATCH = 1_000;

/** How many chunks one statement removes: short enough not to be in anybody's way. */
const CHUNKS = 500;

/**
 * Removes what is left of logs: chunks that no step run needs any more, in tables that others keep from being dropped,
 * and the objects of moved logs whose step runs are gone. Returns 0: it goes through all of it.
 */
export async function sweepLogs(context: Needs): Promise<number> {
  for (const day of await listLogDays(context.db)) await sweepChunks(context, day);
  while ((await sweepArchives(context)) > 0);
  return 0;
}

async function sweepChunks({ db }: Needs, { table, day }: LogDay): Promise<void> {
  for (let ids = await unneeded(db, table); ids.length > 0; ids = await unneeded(db, table)) {
    const statement = sql`
      delete from log_chunks where (step_run_id, first_line, log_day) in (
        select step_run_id, first_line, log_day from log_chunks
        where step_run_id = any (${ids}::bigint[]) and log_day = ${day}::date limit ${CHUNKS})`;
    while (((await statement.execute(db)).numAffectedRows ?? 0n) > 0n);
  }
}

/** The step runs with chunks in a table that need none: from one to the next by the index, not by reading all rows. */
async function unneeded(db: Needs["db"], table: string): Promise<string[]> {
  const chunks = sql.table(table);
  const { rows } = await sql<{ id: string }>`
    with recursive runs (id) as (
      (select step_run_id from ${chunks} order by step_run_id limit 1)
      union all
      select (select c.step_run_id from ${chunks} c where c.step_run_id > runs.id order by c.step_run_id limit 1)
      from runs where runs.id is not null
    )
    select id from runs where id is not null
      and not exists (select from step_runs s where s.id = runs.id and not s.log_moved)
    limit ${BATCH}`.execute(db);
  return rows.map(({ id }) => id);
}

/** Objects before their rows: what is cut off in between is found again by the rows. */
async function sweepArchives({ db, objects }: Needs): Promise<number> {
  const { rows } = await sql<{ id: string; key: string }>`
    select a.step_run_id as id, a.object_key as key from log_archives a
    where not exists (select from step_runs s where s.id = a.step_run_id) limit ${BATCH}`.execute(db);
  for (const { key } of rows) await objects.remove(key);
  await sql`delete from log_archives where step_run_id = any (${rows.map(({ id }) => id)}::bigint[])`.execute(db);
  return rows.length;
}
