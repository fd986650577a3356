import { sql, type RawBuilder } from "kysely";
import type { Db, ServerContext } from "../context.ts";
import { afterVettingEnds } from "../vetting/after-end.ts";
import { decideEnd, decideRelease, type Change } from "../workflows/rules.ts";
import { applyChanges } from "../workflows/transitions.ts";
import { factsOf, lockWorkflows, type WorkflowRow } from "../workflows/workflow-row.ts";

/** How long a grant may stay without a word before it returns to the queue, in milliseconds. */
const GRANT_LOST_MS = 10_000;

/** How many are ended in one transaction at most. */
const BATCH = 50;

/** Releases what its agent no longer renews. Returns how many those were; more may be left while it is not 0. */
export function endExpiredLeases(context: ServerContext): Promise<number> {
  const due = sql<boolean>`now() > greatest(w.expires_at, ${upFor(context)})`;
  return endDue(context, due, (row) => decideRelease(factsOf(row), "agent_lost"));
}

/** Releases what was granted and never received, at once when the agent has said bye. Returns how many those were; more may be left while it is not 0. */
export function endLostGrants(context: ServerContext): Promise<number> {
  const lost = sql`now() > greatest(w.leased_at, ${upSince}) + ${GRANT_LOST_MS} * interval '1 millisecond'`;
  const gone = sql`exists (select from agents a where a.id = w.agent_id and a.disconnected_at is not null)`;
  const due = sql<boolean>`w.state = 'leased' and not w.received and (${lost} or ${gone})`;
  return endDue(context, due, (row) => decideRelease(factsOf(row), "grant_lost"));
}

/**
 * Ends what ran past its timeout. The agent enforces that itself; the server steps in a third of the TTL later. Returns
 * how many those were; more may be left while it is not 0.
 */
export function endOverdueWorkflows(context: ServerContext): Promise<number> {
  const due = sql<boolean>`w.state = 'running' and now() > greatest(w.deadline + ${grace(context)}, ${upFor(context)})`;
  return endDue(context, due, (row) => {
    const error = `it ran longer than ${row.timeout_ms / 1000} s, and its agent did not stop it`;
    return decideEnd(factsOf(row), { state: "timed_out", reason: "workflow_timeout", error });
  });
}

/** Ends what has a step that ran past its own timeout, by the same rule. */
export function endOverdueSteps(context: ServerContext): Promise<number> {
  const due = sql<boolean>`w.state = 'running' and now() > ${upFor(context)} and exists (
    select from step_runs s where s.workflow_id = w.id and s.epoch = w.epoch
      and s.state = 'running' and s.deadline < now() - ${grace(context)})`;
  const error = "a step ran longer than its timeout, and its agent did not stop it";
  return endDue(context, due, (row) => decideEnd(factsOf(row), { state: "timed_out", reason: "step_timeout", error }));
}

/** A condition on a held workflow `w`, in database time. */
type Due = RawBuilder<boolean>;

/** Written out: of a parameter, a kept plan does not know that the small index of held workflows has them all. */
const isHeld = sql<boolean>`w.state in ('leased', 'running')`;

/** The start of the latest stretch in which servers were up. Read once for a statement, not for each row. */
const upSince = sql<Date>`(select up_since from liveness)`;

/** When servers have been up for long enough to hear of every agent that is there. */
function upFor({ intervals }: ServerContext): RawBuilder<Date> {
  return sql`${upSince} + ${intervals.leaseTtlMs} * interval '1 millisecond'`;
}

/** What the server leaves an agent to do by itself. */
function grace({ intervals }: ServerContext) {
  return sql`${intervals.leaseTtlMs / 3} * interval '1 millisecond'`;
}

/** Nothing is due until a beat has noted how long the servers were away. */
function held(db: Db, { intervals }: ServerContext, due: Due) {
  const beating = sql<boolean>`
    now() - (select alive_at from liveness) <= ${intervals.leaseTtlMs / 2} * interval '1 millisecond'`;
  return db.selectFrom("workflows as w").where(beating).where(isHeld).where(due);
}

type Decide = (row: WorkflowRow) => Change;

async function endDue(context: ServerContext, due: Due, decide: Decide): Promise<number> {
  const found = await held(context.db, context, due).select("w.id").orderBy("w.id").limit(BATCH).execute();
  const ids = found.map(({ id }) => id);
  return endAll(context, ids, due, decide).catch(() => endEach(context, ids, due, decide));
}

/** One that cannot be ended must not keep the others waiting. */
async function endEach(context: ServerContext, ids: readonly string[], due: Due, decide: Decide): Promise<number> {
  let count = 0;
  for (const id of ids) {
    count += await endAll(context, [id], due, decide).catch((error: unknown) => {
      context.log.error({ workflowId: id, err: error }, "could not end a lease; will try again");
      return 0;
    });
  }
  return count;
}

async function endAll(context: ServerContext, ids: readonly string[], due: Due, decide: Decide): Promise<number> {
  if (ids.length === 0) return 0;
  const { rows, topics } = await context.db.transaction().execute(async (tx) => {
    const locked = await lockWorkflows(tx, ids);
    // Asked again with the rows locked: an Extend that came in between has saved its own.
    const still = await held(tx, context, due).select("w.id").where("w.id", "in", ids).execute();
    const rows = locked.filter(({ id }) => still.some((each) => each.id === id));
    const decided = rows.map((row) => ({ row, change: decide(row), actor: "server" }));
    const topics = await applyChanges(tx, context, decided);
    await afterVettingEnds(tx, decided);
    return { rows, topics };
  });
  for (const { id, epoch, agent_name } of rows) {
    context.log.info({ workflowId: id, epoch, agent: agent_name }, "ended a lease that was due");
  }
  context.hints.publish(...topics);
  return rows.length;
}
