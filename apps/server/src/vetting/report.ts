import { renderReport, STAGES, type ReportInput, type ReportStage } from "@groundcrew/vetting";
import { insertBlob } from "../blobs/blob-row.ts";
import { hexOf } from "../blobs/store.ts";
import type { ServerContext, Tx } from "../context.ts";
import type { StageTimes } from "../db/schema.ts";
import { SERVER_VERSION } from "../version.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { readOcpOf } from "./evidence.ts";
import type { VettingRunRow } from "./run-row.ts";

/** Renders the report of a run whose stages are all judged, and stores it. Returns its blob's id. */
export async function makeReport(
  tx: Tx,
  context: ServerContext,
  row: WorkflowRow,
  vetting: VettingRunRow,
  now: Date,
): Promise<string> {
  const page = renderReport({
    runId: row.id,
    run: vetting.run,
    machine: await machineOf(tx, vetting.machine_id),
    stages: await stagesOf(tx, context, vetting),
    evidence: await evidenceOf(tx, row.id),
    serverVersion: SERVER_VERSION,
    agentVersion: await agentOf(tx, row),
    generatedAtMs: now.getTime(),
  });
  const { size, sha256 } = await context.blobs.put(Buffer.from(page));
  const file = { name: "report.html", content_type: "text/html", size: String(size), sha256 };
  const blob = await insertBlob(tx, { workflow_id: row.id, step_run_id: null, ...file });
  if (!blob) throw new Error(`vetting run ${row.id} has a report already`);
  return blob.id;
}

async function machineOf(tx: Tx, id: string): Promise<ReportInput["machine"]> {
  const machine = await tx.selectFrom("machines").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const { vendor, product, serial, macs, hostname } = machine;
  const name = hostname || serial || id;
  return { name, vendor, product, serial, macs, systemUuid: machine.system_uuid, boardSerial: machine.board_serial };
}

async function agentOf(tx: Tx, { agent_id, agent_name }: WorkflowRow): Promise<string> {
  const agent = await tx.selectFrom("agents").select("version").where("id", "=", agent_id).executeTakeFirst();
  return [agent_name, agent?.version].filter(Boolean).join(" ");
}

async function stagesOf(tx: Tx, context: ServerContext, vetting: VettingRunRow): Promise<ReportStage[]> {
  const stages: ReportStage[] = [];
  for (const { stage, verdict } of vetting.run.results) {
    const times = verdict === "skip" ? undefined : timesOf(vetting.stage_times, stage);
    if (times) stages.push({ stage, ...times, ocp: await judgedOcp(tx, context, vetting.workflow_id, stage) });
  }
  return stages;
}

function timesOf(all: StageTimes, stage: string): Pick<ReportStage, "startedAtMs" | "finishedAtMs"> | undefined {
  const { startedAt, finishedAt } = all[stage] ?? {};
  if (startedAt === undefined || finishedAt === undefined) return undefined;
  return { startedAtMs: Date.parse(startedAt), finishedAtMs: Date.parse(finishedAt) };
}

/** The record of a stage's newest step run: after that one was judged, the stage did not run again. */
async function judgedOcp(tx: Tx, context: ServerContext, workflowId: string, stage: string): Promise<string> {
  const newest = await tx
    .selectFrom("step_runs")
    .select("id")
    .where("workflow_id", "=", workflowId)
    .where("step", "=", stage)
    .orderBy("epoch", "desc")
    .orderBy("try", "desc")
    .executeTakeFirst();
  return newest ? (await readOcpOf(tx, context, newest.id)).ocp : "";
}

async function evidenceOf(tx: Tx, workflowId: string): Promise<ReportInput["evidence"][number][]> {
  const files = await tx
    .selectFrom("blobs")
    .innerJoin("step_runs", "step_runs.id", "blobs.step_run_id")
    .select(["step_runs.step", "blobs.name", "blobs.size", "blobs.sha256"])
    .where("blobs.workflow_id", "=", workflowId)
    .orderBy("blobs.id")
    .execute();
  return files.flatMap(({ step, name, size, sha256 }) => {
    const stage = STAGES.find((one) => one.name === step)?.name;
    return stage ? [{ stage, name, size: Number(size), sha256: hexOf(sha256) }] : [];
  });
}
