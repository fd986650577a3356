import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import type { ServerContext } from "../../context.ts";
import type { FrameRow } from "../../db/schema.ts";
import { json } from "../../db/json.ts";
import { TERMINAL_STATES } from "../../workflows/rules.ts";
import { readChunks } from "../chunks.ts";
import { framesOf } from "./frames.ts";

type Needs = Pick<ServerContext, "db" | "objects" | "log">;

/** How many logs are looked up at once. */
const BATCH = 50;

/** A log that may be moved. */
interface Due {
  id: string;
  workflowId: string;
  lineCount: number;
  /** Where an earlier try may have left an object. */
  leftKey: string | null;
}

/**
 * Moves logs to the object store whose workflow ended more than `afterMs` milliseconds ago, at least a day: until then
 * late lines are taken. Each is read from the database until its object is durable, and from the object afterwards; its
 * chunks are left to the sweep. One that is cut off in between is moved anew. Returns how many it moved; more may be
 * left while it is not 0.
 */
export async function moveLogs(context: Needs, afterMs: number): Promise<number> {
  const due = await findDue(context, afterMs);
  let moved = 0;
  for (const log of due) {
    try {
      await (log.lineCount === 0 ? markEmpty(context, log) : move(context, log));
      moved += 1;
    } catch (error) {
      context.log.error({ stepRunId: log.id, err: error }, "could not move a log to the object store; will try again");
    }
  }
  return moved;
}

async function findDue({ db }: Needs, afterMs: number): Promise<Due[]> {
  const { rows } = await sql<Due>`
    select s.id, s.workflow_id as "workflowId", s.next_line::float8 as "lineCount", a.object_key as "leftKey"
    from step_runs s join workflows w on w.id = s.workflow_id left join log_archives a on a.step_run_id = s.id
    where not s.log_moved and s.log_day <= (now() at time zone 'utc' - ${afterMs} * interval '1 millisecond')::date
      and w.state = any (${TERMINAL_STATES}::text[])
      and w.finished_at < now() - ${afterMs} * interval '1 millisecond'
    order by s.log_day, s.id limit ${BATCH}`.execute(db);
  return rows;
}

async function markEmpty({ db }: Needs, { id }: Due): Promise<void> {
  await sql`update step_runs set log_moved = true where id = ${id} and next_line = 0`.execute(db);
}

async function move(context: Needs, log: Due): Promise<void> {
  const { db, objects } = context;
  // A key of this try alone: a replica that was frozen in an earlier one must not write over what this one stores.
  const key = `logs/${log.workflowId}/${log.id}-${randomUUID()}.zst`;
  await intend(context, log, key);
  if (log.leftKey !== null) await objects.remove(log.leftKey);
  const frames: FrameRow[] = [];
  const chunks = readChunks({ db, objects }, [{ stepRunId: log.id, nextLine: 0, endLine: log.lineCount }]);
  await objects.put(key, noting(framesOf(chunks), frames));
  if (!(await switchOver(context, log, key, frames))) await objects.remove(key);
}

/** Says where the object will be, before it is: what is left of a try that is cut off is found by this. */
async function intend({ db }: Needs, { id }: Due, key: string): Promise<void> {
  await sql`
    insert into log_archives (step_run_id, object_key) values (${id}, ${key})
    on conflict (step_run_id) do update set object_key = excluded.object_key
    where log_archives.frames is null`.execute(db);
}

async function* noting(frames: ReturnType<typeof framesOf>, rows: FrameRow[]): AsyncGenerator<Uint8Array> {
  for await (const { data, row } of frames) {
    rows.push(row);
    yield data;
  }
}

/** From here on readers go to the object. False: another try was quicker, or retention took the step run. */
async function switchOver({ db }: Needs, { id }: Due, key: string, frames: FrameRow[]): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    with archive as (
      update log_archives set frames = ${json(frames)}
      where step_run_id = ${id} and object_key = ${key} and frames is null returning step_run_id
    )
    update step_runs s set log_moved = true from archive where s.id = archive.step_run_id`.execute(db);
  return numAffectedRows > 0n;
}
