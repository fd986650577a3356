import { stageNamed, type ReportInput, type ReportStage } from "@groundcrew/vetting";
import { insertBlob } from "../blobs/blob-row.ts";
import { hexOf } from "../blobs/store.ts";
import type { ServerContext, Tx } from "../context.ts";
import type { StageTimes } from "../db/schema.ts";
import { SERVER_VERSION } from "../version.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { signingKey } from "./attestation-keys.ts";
import { baselineOfRun } from "./baseline.ts";
import { decisionOf } from "./decision-of.ts";
import { readOcpOf } from "./evidence.ts";
import { samplesOf } from "./samples.ts";
import { reportFiles, type ReportFile } from "./report-files.ts";
import type { VettingRunRow } from "./run-row.ts";

/**
 * Renders the report of a run whose stages are all judged, in every format, signs it, and stores the files. Returns the
 * id of the HTML file's blob.
 */
export async function makeReport(
  tx: Tx,
  context: ServerContext,
  row: WorkflowRow,
  vetting: VettingRunRow,
  now: Date,
): Promise<string> {
  const input: ReportInput = {
    runId: row.id,
    run: vetting.run,
    machine: await machineOf(tx, vetting.machine_id),
    stages: await stagesOf(tx, context, vetting),
    evidence: await evidenceOf(tx, row.id),
    serverVersion: SERVER_VERSION,
    agentVersion: await agentOf(tx, row),
    samples: await samplesOf(tx, row.id),
    baseline: await baselineOfRun(tx, row.id),
    decisions: (vetting.run.acts ?? []).map(decisionOf),
    generatedAtMs: now.getTime(),
  };
  const [page, ...others] = reportFiles(input, await signingKey(tx, context.keys));
  for (const file of others) await storeFile(tx, context, row.id, file);
  return storeFile(tx, context, row.id, page);
}

async function storeFile(tx: Tx, { blobs }: ServerContext, id: string, file: ReportFile): Promise<string> {
  const { name, contentType, content } = file;
  const { size, sha256 } = await blobs.put(Buffer.from(content));
  const stored = { name, content_type: contentType, size: String(size), sha256 };
  const blob = await insertBlob(tx, { workflow_id: id, step_run_id: null, ...stored });
  if (!blob) throw new Error(`vetting run ${id} has a ${name} already`);
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
export async function judgedOcp(tx: Tx, context: ServerContext, workflowId: string, stage: string): Promise<string> {
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
    const stage = stageNamed(step);
    return stage ? [{ stage, name, size: Number(size), sha256: hexOf(sha256) }] : [];
  });
}
