import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GrantSchema } from "@groundcrew/proto";
import type { SecretValue } from "../secrets/resolve.ts";
import type { GrantRow } from "./lease.ts";
import type { ParentRow } from "./parents.ts";

type GrantPlan = NonNullable<MessageInitShape<typeof GrantSchema>["plan"]>;

/** What a grant tells besides its row. */
export interface GrantExtras {
  /** How the workflows ended that it depends on. Default: it depends on none. */
  parents?: ParentRow[];
  /** What its steps name. Default: nothing. */
  secrets?: SecretValue[];
}

/** A grant as the agent hears it. The attempt is the one that Init will count. */
export function grantMessage(row: GrantRow, extras: GrantExtras = {}): MessageInitShape<typeof GrantSchema> {
  return {
    workflowId: row.id,
    epoch: row.epoch,
    pipelineId: row.pipeline_id ?? "0",
    name: row.name,
    attempt: row.attempt + 1,
    timeoutMs: row.timeout_ms,
    plan: planOf(row, extras),
    untrusted: row.untrusted,
  };
}

function planOf({ plan }: GrantRow, { parents = [], secrets = [] }: GrantExtras): GrantPlan {
  if (plan.kind === "vetting") return { case: "vetting", value: { machineId: plan.machineId, profile: plan.profile } };
  const { kind: _, ...build } = plan;
  return { case: "build", value: { ...build, parents, secrets } };
}
