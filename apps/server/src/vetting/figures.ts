import { figuresOf, inventoryOf, readOcp, type Inventory, type StageName } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { json } from "../db/json.ts";

/**
 * Keeps the numbers that a stage measured, for the comparison with machines alike; the inventory also says which these
 * are. A stage that ran again replaces what it measured before.
 */
export async function recordFigures(tx: Tx, workflowId: string, stage: StageName, ocp: string): Promise<void> {
  if (stage === "inventory") await recordCohort(tx, workflowId, inventoryOf(readOcp(ocp)));
  const figures = figuresOf(stage, ocp);
  await tx.deleteFrom("vetting_figures").where("workflow_id", "=", workflowId).where("stage", "=", stage).execute();
  if (figures.length === 0) return;
  await sql`
    insert into vetting_figures (workflow_id, stage, metric, unit, value)
    select ${workflowId}, f.stage, f.metric, f.unit, f.value
    from jsonb_to_recordset(${json(figures)}) as f (stage text, metric text, unit text, value double precision)
    on conflict do nothing`.execute(tx);
}

async function recordCohort(tx: Tx, workflowId: string, inventory: Inventory | undefined): Promise<void> {
  const cohort = inventory ? cohortOf(inventory) : "";
  await tx.updateTable("vetting_runs").set({ cohort }).where("workflow_id", "=", workflowId).execute();
}

/** Model and firmware: machines that share these are alike. Empty: the inventory does not tell the model. */
function cohortOf({ dmi = {}, cpu }: Inventory): string {
  const { sys_vendor, product_name, bios_version } = dmi;
  const model = [sys_vendor, product_name].filter(Boolean).join(" ") || cpu?.model;
  if (!model) return "";
  const parts = [model, cpu?.model, bios_version && `BIOS ${bios_version}`];
  return [...new Set(parts.filter(Boolean))].join(", ").slice(0, 1000);
}
