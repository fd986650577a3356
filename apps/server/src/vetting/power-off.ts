import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { json } from "../db/json.ts";
import type { DirectiveAction } from "../db/schema.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import type { VettingRunRow } from "./run-row.ts";

/**
 * Tells the vetting agents on a run's machine to switch it off, when its profile or an operator says so. The directive is
 * for the processes that are these agents now: one that starts later, on a machine that somebody switched on again, never
 * hears of it.
 */
export async function powerOffAfter(
  tx: Tx,
  { id }: Pick<WorkflowRow, "id">,
  { machine_id, power_off, run }: Pick<VettingRunRow, "machine_id" | "power_off" | "run">,
): Promise<void> {
  if (!power_off && run.profile.powerOff !== true) return;
  const reason = power_off ? "an operator canceled the run with --power-off" : `profile ${run.profile.name} says so`;
  const action: DirectiveAction = { kind: "power_off", workflowId: id, reason };
  await sql`
    insert into directives (agent_id, generation, action, created_by)
    select a.id, a.generation, ${json(action)}, 'server' from agents a
    where a.machine_id = ${machine_id} and a.serves = 'vetting' and a.credential_hash is not null
      and a.lifecycle <> 'terminated'`.execute(tx);
}
