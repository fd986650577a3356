import type { ServerContext } from "../../context.ts";
import { TERMINAL_STATES } from "../../workflows/rules.ts";
import { cancelWorkflow } from "../../workflows/cancel.ts";
import { readBatch } from "./read.ts";

/**
 * Cancels every run of a batch that has not ended: first those that wait, so that none of them takes the place of one that
 * is canceled. Throws NOT_FOUND.
 */
export async function cancelBatch(context: ServerContext, id: string, actor: string): Promise<void> {
  await readBatch(context.db, id);
  const open = await context.db
    .selectFrom("vetting_runs")
    .innerJoin("workflows", "workflows.id", "vetting_runs.workflow_id")
    .select(["workflows.id", "workflows.state"])
    .where("batch_id", "=", id)
    .where("workflows.state", "not in", TERMINAL_STATES)
    .orderBy("workflows.id")
    .execute();
  const waitingFirst = [
    ...open.filter(({ state }) => state === "blocked"),
    ...open.filter(({ state }) => state !== "blocked"),
  ];
  for (const run of waitingFirst) await cancelWorkflow(context, run.id, actor);
}
