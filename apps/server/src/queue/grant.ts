import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GrantSchema } from "@groundcrew/proto";
import type { GrantRow } from "./lease.ts";

/** A grant as the agent hears it. The attempt is the one that Init will count. */
export function grantMessage(row: GrantRow): MessageInitShape<typeof GrantSchema> {
  return {
    workflowId: row.id,
    epoch: row.epoch,
    pipelineId: row.pipeline_id ?? "0",
    name: row.name,
    attempt: row.attempt + 1,
    timeoutMs: row.timeout_ms,
    plan: planOf(row),
  };
}

function planOf({ plan }: GrantRow): NonNullable<MessageInitShape<typeof GrantSchema>["plan"]> {
  return plan.kind === "build"
    ? { case: "build", value: { steps: plan.steps, env: plan.env } }
    : { case: "vetting", value: { machineId: plan.machineId, profile: plan.profile } };
}
