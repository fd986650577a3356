import { move, phaseOf } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { readVettingRun, writeVettingRun, type VettingRunRow } from "./run-row.ts";

/**
 * The run of a workflow that an agent has just been heard of, claimed. When the machine has another boot id than the one
 * that a stage was started on, that stage was cut short; unless the agent had handed the run back in order. For a
 * transaction that holds the workflow's row.
 */
export async function claimRun(tx: Tx, row: WorkflowRow): Promise<VettingRunRow> {
  const vetting = await readVettingRun(tx, row.id);
  const bootId = await bootIdOf(tx, row);
  if (vetting.run.at !== "waiting" && vetting.boot_id === bootId) return vetting;
  const run = phaseOf(vetting.run) === "ended" ? vetting.run : move(vetting.run, { kind: "claimed" });
  const cut = vetting.open_since !== null && vetting.boot_id !== "" && bootId !== "";
  const interruption =
    cut && !(await wasHandedBack(tx, row.id))
      ? { stage: run.at, from: vetting.boot_id, to: bootId }
      : vetting.interruption;
  const changes = { run, boot_id: bootId, interruption };
  await writeVettingRun(tx, row.id, changes);
  return { ...vetting, ...changes };
}

async function bootIdOf(tx: Tx, { agent_id }: WorkflowRow): Promise<string> {
  const agent = await tx.selectFrom("agents").select("boot_id").where("id", "=", agent_id).executeTakeFirst();
  return agent?.boot_id ?? "";
}

/** Whether the agent that had the run before stopped its stage and gave it back, rather than vanished with it. */
async function wasHandedBack(tx: Tx, id: string): Promise<boolean> {
  const { rows } = await sql<{ reason: string | null }>`
    select reason from workflow_events where workflow_id = ${id} and to_state = 'queued' order by id desc limit 1
  `.execute(tx);
  return rows[0]?.reason === "handed_back";
}
