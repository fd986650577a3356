import { conflict, notFound } from "@groundcrew/rpc";
import { move, RunConflict, type RunEvent, type RunState } from "@groundcrew/vetting";
import type { Tx } from "../context.ts";
import { hasEnded } from "../workflows/rules.ts";
import { lockWorkflows, type WorkflowRow } from "../workflows/workflow-row.ts";
import { findVettingRun } from "./read.ts";
import type { VettingRunRow } from "./run-row.ts";

/** A vetting run with its workflow, locked for the rest of the transaction. Throws NOT_FOUND. */
export async function lockRun(tx: Tx, id: string): Promise<{ row: WorkflowRow; vetting: VettingRunRow }> {
  await findVettingRun(tx, id);
  const [row] = await lockWorkflows(tx, [id]);
  if (!row) throw notFound("vetting run", id);
  return { row, vetting: await findVettingRun(tx, id) };
}

/** A run after what an operator does. Throws FAILED_PRECONDITION where that does not fit what the run is doing. */
export function operated(row: WorkflowRow, { workflow_id, run }: VettingRunRow, event: RunEvent): RunState {
  if (hasEnded(row.state)) throw conflict(`vetting run ${workflow_id} has ended: it is ${row.state}`);
  try {
    return move(run, event);
  } catch (error) {
    if (!(error instanceof RunConflict)) throw error;
    const why = run.at === "holding" ? error.message : `${error.message}; only a held run can be decided about`;
    throw conflict(`vetting run ${workflow_id}: ${why}`);
  }
}
