import { absenceLimitOf, move } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { endWithReport } from "./decide.ts";
import { enterHold, leaveHold } from "./hold.ts";
import { lockRun } from "./lock-run.ts";
import { writeVettingRun, type VettingRunRow } from "./run-row.ts";

/** How many runs one look takes at most. */
const BATCH = 50;

/** Ends runs whose hold has expired. Returns how many those were; more may be left while it is not 0. */
export async function endExpiredHolds(context: ServerContext): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    select workflow_id as id from vetting_runs
    where held_since is not null and held_until <= now() limit ${BATCH}`.execute(context.db);
  return each(context, rows, async (tx, row, vetting) => {
    if (!(await isPast(tx, vetting.held_until))) return undefined;
    if (vetting.run.at !== "holding" || row.state !== "blocked") {
      await leaveHold(tx, row.id);
      return [];
    }
    const run = move(vetting.run, { kind: "hold_expired" });
    return endWithReport(tx, context, row, { ...vetting, run }, "server");
  });
}

/**
 * Fails the stages of machines that vanished in them and have not been heard of for longer than their profile allows.
 * Time in which no server was there to hear them does not count. Returns how many those were.
 */
export async function failHungStages(context: ServerContext): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    select v.workflow_id as id from vetting_runs v join workflows w on w.id = v.workflow_id, liveness
    where v.open_since is not null and w.state = 'queued'
      and now() > greatest(w.queued_at, liveness.up_since)
        + coalesce((v.run -> 'profile' ->> 'absenceLimitMs')::bigint, ${DEFAULT_LIMIT_MS}) * interval '1 millisecond'
      and coalesce((select e.reason from workflow_events e
        where e.workflow_id = w.id and e.to_state = 'queued' order by e.id desc limit 1), '') <> 'handed_back'
    limit ${BATCH}`.execute(context.db);
  return each(context, rows, (tx, row, vetting) => failHung(tx, context, row, vetting));
}

const DEFAULT_LIMIT_MS = absenceLimitOf({});

async function failHung(
  tx: Tx,
  context: ServerContext,
  row: WorkflowRow,
  vetting: VettingRunRow,
): Promise<Topic[] | undefined> {
  if (row.state !== "queued" || vetting.open_since === null) return undefined;
  const minutes = absenceLimitOf(vetting.run.profile) / 60_000;
  const detail = `the machine was not heard of for ${minutes} min; the profile's absence_limit is over`;
  const run = move(vetting.run, { kind: "interrupted", cause: "hung", detail });
  const now = { ...vetting, run };
  if (run.at === "reporting") return endWithReport(tx, context, row, now, "server");
  await writeVettingRun(tx, row.id, { run, override: null, canceling: null, interruption: null });
  await enterHold(tx, context, row, run);
  return [];
}

/** Returns the topics to publish; undefined: it turned out that nothing is due. */
type Work = (tx: Tx, row: WorkflowRow, vetting: VettingRunRow) => Promise<Topic[] | undefined>;

/** One run a transaction: one that cannot be ended must not keep the others waiting. */
async function each(context: ServerContext, rows: readonly { id: string }[], work: Work): Promise<number> {
  let count = 0;
  for (const { id } of rows) {
    try {
      const topics = await context.db.transaction().execute(async (tx) => {
        const { row, vetting } = await lockRun(tx, id);
        return work(tx, row, vetting);
      });
      if (topics === undefined) continue;
      context.hints.publish(`workflow:${id}`, ...topics);
      count += 1;
    } catch (error) {
      context.log.error({ workflowId: id, err: error }, "could not end a vetting run that is due; will try again");
    }
  }
  return count;
}

async function isPast(tx: Tx, moment: Date | null): Promise<boolean> {
  const { rows } = await sql<{ past: boolean }>`select ${moment}::timestamptz <= now() as past`.execute(tx);
  return rows[0]?.past === true;
}
