import { notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { afterVettingEnds } from "../vetting/after-end.ts";
import { hasEnded, isHeld } from "./rules.ts";
import { applyChanges } from "./transitions.ts";
import { lockOpen, lockWorkflows, topicsOf, type WorkflowRow } from "./workflow-row.ts";

type Needs = Pick<ServerContext, "db" | "hints" | "replica" | "turns">;

/**
 * Cancels a workflow. One that nobody runs ends at once; one that an agent has is marked, and ends `canceled` with the
 * agent's Done or the lease, whatever Done says. Idempotent: the first to ask is kept, and one that has ended stays as
 * it is. Throws NOT_FOUND.
 */
export async function cancelWorkflow(context: Needs, id: string, actor: string): Promise<void> {
  const topics = await context.db.transaction().execute(async (tx) => {
    const row = await lockWithPipeline(tx, id);
    return hasEnded(row.state) ? [] : cancel(tx, context, [row], actor);
  });
  context.hints.publish(...topics);
}

/** Cancels every workflow of a pipeline that has not ended, and tells how many those were. Throws NOT_FOUND. */
export async function cancelPipeline(context: Needs, id: string, actor: string): Promise<number> {
  const { count, topics } = await context.db.transaction().execute(async (tx) => {
    // Against a step that adds to it meanwhile: what it adds would not be canceled.
    const pipelines = tx.selectFrom("pipelines").select("id").where("id", "=", id).forNoKeyUpdate();
    const pipeline = await pipelines.executeTakeFirst();
    if (!pipeline) throw notFound("pipeline", id);
    const rows = await lockOpen(tx, id);
    return { count: rows.length, topics: await cancel(tx, context, rows, actor) };
  });
  context.hints.publish(...topics);
  return count;
}

/** Locks a workflow, after the open ones of its pipeline. */
async function lockWithPipeline(tx: Tx, id: string): Promise<WorkflowRow> {
  const found = await tx.selectFrom("workflows").select("pipeline_id").where("id", "=", id).executeTakeFirst();
  if (!found) throw notFound("workflow", id);
  if (found.pipeline_id !== null) await lockOpen(tx, found.pipeline_id);
  const [row] = await lockWorkflows(tx, [id]);
  if (!row) throw notFound("workflow", id);
  return row;
}

/** Cancels locked workflows that have not ended. Returns the topics to publish. */
async function cancel(tx: Tx, context: Needs, rows: readonly WorkflowRow[], actor: string): Promise<Topic[]> {
  if (rows.length === 0) return [];
  await mark(tx, rows, actor);
  const change = { kind: "end", state: "canceled", reason: "canceled", error: "" } as const;
  const waiting = rows.filter(({ state }) => !isHeld(state));
  const ended = await applyChanges(
    tx,
    context,
    waiting.map((row) => ({ row, change, actor })),
  );
  await afterVettingEnds(
    tx,
    waiting.map((row) => ({ row, change, actor })),
  );
  return [...rows.flatMap(topicsOf), ...rows.map(({ id }): Topic => `lease:${id}`), ...ended];
}

async function mark(tx: Tx, rows: readonly WorkflowRow[], actor: string): Promise<void> {
  await tx
    .updateTable("workflows")
    .set({ cancel_requested_at: sql<Date>`now()`, canceled_by: actor })
    .where(
      "id",
      "in",
      rows.map(({ id }) => id),
    )
    .where("cancel_requested_at", "is", null)
    .execute();
}
