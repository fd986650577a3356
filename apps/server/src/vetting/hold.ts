import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HoldSchema } from "@groundcrew/proto";
import type { HoldPolicy, RunState } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import { freeReflector } from "../reflectors/lease.ts";
import { applyChanges } from "../workflows/transitions.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { keyForHold } from "./hold-key.ts";

/** A run that holds is not held for less than a day because its profile forgot to say for how long. */
const EXPIRES_MS = 24 * 3_600_000;

/**
 * Parks the machine of a run that has come to hold: its lease ends, and its agent's slot and its reflector are free. For a transaction that
 * holds the workflow's row.
 */
export async function enterHold(
  tx: Tx,
  context: ServerContext,
  row: WorkflowRow,
  { held, profile }: RunState,
): Promise<MessageInitShape<typeof HoldSchema>> {
  const { expiresMs = EXPIRES_MS, sshKey = false }: Partial<HoldPolicy> = profile.hold ?? {};
  await tx
    .updateTable("vetting_runs")
    .set({
      held_since: sql<Date>`now()`,
      held_until: sql<Date>`now() + ${expiresMs} * interval '1 millisecond'`,
      open_since: null,
    })
    .where("workflow_id", "=", row.id)
    .execute();
  // A machine that vanished while it measured its link still has a partner.
  await freeReflector(tx, row.id);
  const sshPublicKey = sshKey ? await keyForHold(tx, context, row.id) : "";
  await applyChanges(tx, context, [{ row, change: { kind: "hold" }, actor: "server" }]);
  return { workflowId: row.id, reason: held ? `${held.stage}: ${held.reason}` : "", sshPublicKey };
}

/** Ends a hold: what was made for it is no longer there. */
export async function leaveHold(tx: Tx, id: string): Promise<void> {
  await tx
    .updateTable("vetting_runs")
    .set({ held_since: null, held_until: null })
    .where("workflow_id", "=", id)
    .execute();
  await tx.deleteFrom("vetting_hold_keys").where("workflow_id", "=", id).execute();
}
