import { create } from "@bufbuild/protobuf";
import { EndReason, SubmitPipelineRequestSchema, WorkflowState, type SubmitPipelineRequest } from "@groundcrew/proto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { done, poll } from "./fleet.ts";
import { initWorkflow, submitPipeline } from "./verbs.ts";

/** A pipeline of workflows of one step, each with the policies given: keys as in a pipeline file. */
export function withPolicies(
  workflows: Record<string, object>,
  changes: MessageInitShape<typeof SubmitPipelineRequestSchema> = {},
): SubmitPipelineRequest {
  const steps = [{ name: "run", run: "true" }];
  const all = Object.fromEntries(Object.entries(workflows).map(([name, keys]) => [name, { ...keys, steps }]));
  const file = { path: "ci.yaml", content: JSON.stringify({ workflows: all }) };
  return create(SubmitPipelineRequestSchema, { file, ...changes } as never);
}

/** Submits one. Returns its id. */
export function submitWith(context: ServerContext, ...asked: Parameters<typeof withPolicies>): Promise<string> {
  return submitPipeline(context, withPolicies(...asked), "alice");
}

/** Where the workflows of a pipeline stand, by name: the state, with the reason of a block or an end after a colon. */
export async function standOf(context: ServerContext, pipelineId: string): Promise<Record<string, string>> {
  const rows = await context.db
    .selectFrom("workflows")
    .select(["name", "state", "block_reason", "end_reason"])
    .where("pipeline_id", "=", pipelineId)
    .orderBy("id")
    .execute();
  return Object.fromEntries(
    rows.map(({ name, state, block_reason, end_reason }) => {
      const reason = block_reason ?? end_reason;
      return [name, reason === null ? state : `${state}: ${reason}`];
    }),
  );
}

/** Leases the next workflow, starts it, and ends it in this state. Returns its name. */
export async function runNext(
  context: ServerContext,
  agent: Caller,
  state: WorkflowState = WorkflowState.SUCCEEDED,
): Promise<string | undefined> {
  const [grant] = await poll(context, agent);
  if (!grant) return undefined;
  const lease = { workflowId: grant.workflowId, epoch: grant.epoch };
  await initWorkflow(context, agent, lease as never);
  const endReason = state === WorkflowState.SUCCEEDED ? EndReason.COMPLETED : EndReason.STEP_FAILED;
  await done(context, agent, lease, { state, endReason });
  return grant.name;
}
