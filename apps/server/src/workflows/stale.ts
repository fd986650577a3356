import { StaleEpochSchema } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import type { Caller } from "../agents/caller.ts";
import type { Tx } from "../context.ts";
import type { WorkflowStateName } from "../db/schema.ts";
import { workflowStateOf } from "../names.ts";
import { requireId } from "../validate.ts";
import { fence, isHeld } from "./rules.ts";
import { lockWorkflows, type WorkflowRow } from "./workflow-row.ts";

/** A lease as an agent names it. */
export interface LeaseName {
  workflowId: string;
  epoch: string;
}

/** FAILED_PRECONDITION with the typed detail on which an agent stops and discards. */
export function staleEpoch(
  { workflowId, epoch }: LeaseName,
  row: { state: WorkflowStateName } | undefined,
): ConnectError {
  const state = row && workflowStateOf(row.state);
  const message = `the lease ${epoch} of workflow ${workflowId} is no longer this agent's`;
  return new ConnectError(message, Code.FailedPrecondition, undefined, [
    { desc: StaleEpochSchema, value: { workflowId, epoch, ...(state !== undefined && { state }) } },
  ]);
}

/** Checks the ids of a lease. Throws INVALID_ARGUMENT. */
export function checkedLease({ workflowId, epoch }: LeaseName, prefix = ""): LeaseName {
  return { workflowId: requireId(`${prefix}workflow_id`, workflowId), epoch: requireId(`${prefix}epoch`, epoch) };
}

/** Locks the workflow of a live lease of this agent. Throws StaleEpoch otherwise. */
export async function lockHeld(tx: Tx, caller: Caller, name: LeaseName): Promise<WorkflowRow> {
  const [row] = await lockWorkflows(tx, [name.workflowId]);
  if (row && isOwn(row, caller, name) && isHeld(row.state)) return row;
  throw staleEpoch(name, row);
}

/** Whether a lease is this agent's newest of the workflow, ended or not. */
export function isOwn(row: WorkflowRow, { agentId }: Caller, { epoch }: LeaseName): boolean {
  return fence({ epoch: row.epoch, agentId: row.agent_id }, { epoch, agentId }) === "ours";
}
