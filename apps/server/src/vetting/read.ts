import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ListVettingRunsRequest, ListVettingRunsResponseSchema, VettingRun } from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import { notCovered } from "@groundcrew/vetting";
import type { Db } from "../context.ts";
import { machineMessage, selectMachines } from "../machines/machine-message.ts";
import { idPage, paged } from "../page.ts";
import { readWorkflow } from "../workflows/read.ts";
import { selectWorkflows, workflowMessage } from "../workflows/workflow-message.ts";
import { actMessage } from "./act-message.ts";
import { runMessage } from "./run-message.ts";
import type { VettingRunRow } from "./run-row.ts";
import { stageMessages } from "./stage-message.ts";

/** A page of vetting runs, newest first, without their stages. */
export async function listVettingRuns(
  db: Db,
  request: ListVettingRunsRequest,
): Promise<MessageInitShape<typeof ListVettingRunsResponseSchema>> {
  const page = idPage(request.page);
  const read = await db
    .selectFrom("vetting_runs")
    .selectAll()
    .$if(page.after !== undefined, (query) => query.where("workflow_id", "<", page.after ?? ""))
    .orderBy("workflow_id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, ({ workflow_id }) => workflow_id);
  return { runs: await runMessages(db, rows), nextPageToken };
}

/** Runs as lists have them. */
export async function runMessages(db: Db, rows: VettingRunRow[]): Promise<VettingRun[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ workflow_id }) => workflow_id);
  const workflows = await selectWorkflows(db).where("w.id", "in", ids).execute();
  const workflowById = new Map(workflows.map((row) => [row.id, workflowMessage(row)]));
  const machineIds = [...new Set(rows.map(({ machine_id }) => machine_id))];
  const machines = await selectMachines(db).where("machines.id", "in", machineIds).execute();
  const machineById = new Map(machines.map((row) => [row.id, machineMessage(row)]));
  return rows.flatMap((vetting) => {
    const [workflow, machine] = [workflowById.get(vetting.workflow_id), machineById.get(vetting.machine_id)];
    return workflow && machine ? [runMessage({ vetting, workflow, machine })] : [];
  });
}

/** A vetting run with its stages. Throws NOT_FOUND. For a snapshot, so that its parts fit together. */
export async function readVetting(db: Db, id: string): Promise<VettingRun> {
  const vetting = await findVettingRun(db, id);
  const machine = await selectMachines(db).where("machines.id", "=", vetting.machine_id).executeTakeFirstOrThrow();
  const parts = { vetting, workflow: await readWorkflow(db, id), machine: machineMessage(machine) };
  return runMessage(parts, {
    stages: await stageMessages(db, vetting),
    notCovered: notCovered(vetting.run),
    acts: (vetting.run.acts ?? []).map(actMessage),
  });
}

/** A vetting run's row. Throws NOT_FOUND. */
export async function findVettingRun(db: Db, id: string): Promise<VettingRunRow> {
  const row = await db.selectFrom("vetting_runs").selectAll().where("workflow_id", "=", id).executeTakeFirst();
  if (!row) throw notFound("vetting run", id);
  return row;
}
