import { sql, type Selectable } from "kysely";
import type { Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import type { Database, EndReasonName, WorkflowStateName } from "../db/schema.ts";

/** A workflow's row. */
export type WorkflowRow = Selectable<Database["workflows"]>;

/** The states a workflow never leaves. */
export const TERMINAL_STATES = ["succeeded", "failed", "canceled", "timed_out", "lost", "skipped"] as const;

/** A state a workflow never leaves. */
export type TerminalState = (typeof TERMINAL_STATES)[number];

/** How often a workflow may lose its agent before it ends `lost`: one that brings its agents down must end. */
const MAX_LOSSES = 5;

/** Whether a workflow has ended. */
export function hasEnded(state: WorkflowStateName): state is TerminalState {
  return (TERMINAL_STATES as readonly string[]).includes(state);
}

/** Whether a workflow is some agent's. */
export function isHeld(state: WorkflowStateName): boolean {
  return state === "leased" || state === "running";
}

/** How a workflow ends. */
export interface End {
  state: TerminalState;
  reason: EndReasonName;
  error?: string;
  /** An agent's or token's name, or "server". */
  actor: string;
}

/**
 * Ends a workflow that has not ended, in a transaction that holds its row: closes its lease and open step runs, writes
 * the event, and decides its children. Returns the topics to publish after the commit.
 */
export async function endWorkflow(tx: Tx, row: WorkflowRow, end: End): Promise<Topic[]> {
  await tx
    .updateTable("workflows")
    .set({
      state: end.state,
      block_reason: null,
      end_reason: end.reason,
      error: end.error ?? "",
      expires_at: null,
      finished_at: sql<Date>`now()`,
    })
    .where("id", "=", row.id)
    .execute();
  if (isHeld(row.state)) await closeLease(tx, row, end.state);
  await recordEvent(tx, row, end.state, end.reason, end.actor);
  const topics = await decideChildren(tx, row.id, end.state === "succeeded");
  return [...topicsOf(row), ...topics];
}

/** Puts a held workflow back into the queue. Returns the topics to publish after the commit. */
async function requeueWorkflow(tx: Tx, row: WorkflowRow, reason: EndReasonName, actor: string): Promise<Topic[]> {
  await tx
    .updateTable("workflows")
    .set({
      state: "queued",
      agent_id: null,
      poll_id: null,
      received: false,
      leased_at: null,
      expires_at: null,
      deadline: null,
      losses: row.losses,
      queued_at: sql<Date>`now()`,
    })
    .where("id", "=", row.id)
    .execute();
  await closeLease(tx, row, "lost");
  await recordEvent(tx, row, "queued", reason, actor);
  return ["queue", ...topicsOf(row)];
}

/**
 * What becomes of a held workflow that its agent no longer runs: canceled when that was asked for, back to the queue
 * where its policy and its losses allow, else lost. A grant that was never started is always given again.
 */
export async function releaseWorkflow(
  tx: Tx,
  row: WorkflowRow,
  reason: EndReasonName,
  actor: string,
): Promise<Topic[]> {
  if (row.cancel_requested_at) return endWorkflow(tx, row, { state: "canceled", reason: "canceled", actor });
  if (row.state === "leased") return requeueWorkflow(tx, row, reason, actor);
  const lost = (error: string): Promise<Topic[]> => endWorkflow(tx, row, { state: "lost", reason, error, actor });
  if (row.on_agent_lost === "fail") return lost("its agent left it, and on_agent_lost is fail");
  // An agent that hands back does so in order: no loss.
  const losses = row.losses + (reason === "handed_back" ? 0 : 1);
  if (losses >= MAX_LOSSES) return lost(`its agent was lost ${losses} times, which is as often as a workflow is tried`);
  return requeueWorkflow(tx, { ...row, losses }, reason, actor);
}

/** Locks the rows of workflows for the rest of the transaction, in id order so that lockers never deadlock. */
export function lockWorkflows(tx: Tx, ids: readonly string[]): Promise<WorkflowRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return tx.selectFrom("workflows").selectAll().where("id", "in", ids).orderBy("id").forUpdate().execute();
}

/** Writes one transition into the history. */
export async function recordEvent(
  tx: Tx,
  row: Pick<WorkflowRow, "id" | "epoch"> & { state: WorkflowStateName | null },
  to: WorkflowStateName,
  reason: EndReasonName | null,
  actor: string,
): Promise<void> {
  await tx
    .insertInto("workflow_events")
    .values({ workflow_id: row.id, from_state: row.state, to_state: to, reason, epoch: row.epoch, actor })
    .execute();
}

/** The topics that a change of a workflow touches. */
export function topicsOf({ id, pipeline_id }: Pick<WorkflowRow, "id" | "pipeline_id">): Topic[] {
  return pipeline_id === null ? [`workflow:${id}`] : [`workflow:${id}`, `pipeline:${pipeline_id}`];
}

async function closeLease(tx: Tx, row: WorkflowRow, to: WorkflowStateName): Promise<void> {
  await tx
    .updateTable("leases")
    .set({ ended_at: sql<Date>`now()` })
    .where("epoch", "=", row.epoch)
    .execute();
  const open = to === "canceled" || to === "timed_out" ? to : "lost";
  await tx
    .updateTable("step_runs")
    .set({ state: open, finished_at: sql<Date>`now()` })
    .where("workflow_id", "=", row.id)
    .where("epoch", "=", row.epoch)
    .where("state", "in", ["pending", "running"])
    .execute();
}

/** After a parent ended: its children run once every parent succeeded, and are skipped, with theirs, otherwise. */
function decideChildren(tx: Tx, parentId: string, succeeded: boolean): Promise<Topic[]> {
  return succeeded ? unblockChildren(tx, parentId) : skipDescendants(tx, parentId);
}

async function unblockChildren(tx: Tx, parentId: string): Promise<Topic[]> {
  const links = await tx.selectFrom("workflow_parents").select("child_id").where("parent_id", "=", parentId).execute();
  const children = await lockWorkflows(
    tx,
    links.map(({ child_id }) => child_id),
  );
  const topics: Topic[] = [];
  for (const child of children) if (child.state === "blocked") topics.push(...(await unblock(tx, child)));
  return topics;
}

/**
 * Skips all that waits for a parent that did not succeed, in one statement however large the graph. Locked in id order,
 * so that two parents that fail at once never deadlock; one that has ended already has decided its own children.
 */
async function skipDescendants(tx: Tx, parentId: string): Promise<Topic[]> {
  const { rows } = await sql<Pick<WorkflowRow, "id" | "pipeline_id">>`
    with recursive waiting (id) as (
      select w.id from workflow_parents link join workflows w on w.id = link.child_id
      where link.parent_id = ${parentId} and w.state = 'blocked'
      union
      select w.id from waiting
      join workflow_parents link on link.parent_id = waiting.id
      join workflows w on w.id = link.child_id
      where w.state = 'blocked'
    ), locked as (
      select id from workflows where id in (select id from waiting) and state = 'blocked' order by id for update
    ), skipped as (
      update workflows w
      set state = 'skipped', block_reason = null, end_reason = 'dependency', finished_at = now(),
        error = 'a workflow it depends on did not succeed'
      from locked where w.id = locked.id
      returning w.id, w.pipeline_id, w.epoch
    ), history as (
      insert into workflow_events (workflow_id, from_state, to_state, reason, epoch, actor)
      select id, 'blocked', 'skipped', 'dependency', epoch, 'server' from skipped order by id
    )
    select id, pipeline_id from skipped`.execute(tx);
  return rows.flatMap(topicsOf);
}

async function unblock(tx: Tx, child: WorkflowRow): Promise<Topic[]> {
  const left = child.parents_left - 1;
  const free = left === 0;
  await tx
    .updateTable("workflows")
    .set({ parents_left: left, ...(free && { state: "queued", block_reason: null, queued_at: sql<Date>`now()` }) })
    .where("id", "=", child.id)
    .execute();
  if (!free) return [];
  await recordEvent(tx, child, "queued", null, "server");
  return ["queue", ...topicsOf(child)];
}
