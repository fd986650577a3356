import { conflict } from "@groundcrew/rpc";
import { inventoryOf, readOcp, type Inventory } from "@groundcrew/vetting";
import type { ServerContext, Tx } from "../context.ts";
import { readOcpOf } from "../vetting/evidence.ts";
import { describeMachine, type MachineRow } from "./describe.ts";

/** The newest inventory of a machine that can be read, and the run that took it. Throws FAILED_PRECONDITION without one. */
export async function newestInventory(
  tx: Tx,
  context: ServerContext,
  machine: MachineRow,
): Promise<{ runId: string; inventory: Inventory }> {
  const taken = await tx
    .selectFrom("vetting_runs")
    .innerJoin("step_runs", "step_runs.workflow_id", "vetting_runs.workflow_id")
    .select(["step_runs.id", "step_runs.workflow_id as runId"])
    .where("vetting_runs.machine_id", "=", machine.id)
    .where("step_runs.step", "=", "inventory")
    .orderBy("step_runs.id", "desc")
    .limit(5)
    .execute();
  for (const { id, runId } of taken) {
    const inventory = inventoryOf(readOcp((await readOcpOf(tx, context, id)).ocp));
    if (inventory) return { runId, inventory };
  }
  throw conflict(`no run has taken the inventory of ${describeMachine(machine)} yet: crew vet start ${machine.id}`);
}
