import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NextActionSchema } from "@groundcrew/proto";
import { finishReporting, nextOf, recordStage, type NextStage, type RunState } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import { endReasonOf, workflowStateOf } from "../names.ts";
import type { StepRunRow } from "../workflows/step-run.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { judge, outcomeOf } from "./evidence.ts";
import { endOf, type RunEnd } from "./final-state.ts";
import { makeReport } from "./report.ts";
import { databaseNow, readVettingRun, writeVettingRun, type VettingRunRow } from "./run-row.ts";

type NextAction = MessageInitShape<typeof NextActionSchema>;

/**
 * What a vetting run's agent does next: the stage the run is at, or stop. Once every stage is judged it makes the
 * report first. For a transaction that holds the workflow's row; the caller publishes the workflow's topics after the
 * commit. Asking again answers the same until the agent has reported the stage. Not for a run
 * that somebody asked to cancel.
 */
export async function nextOfVetting(tx: Tx, context: ServerContext, row: WorkflowRow): Promise<NextAction> {
  const vetting = await readVettingRun(tx, row.id);
  const next = nextOf(vetting.run);
  switch (next.kind) {
    case "run_stage":
      return runStage(tx, row, vetting, next);
    case "server_stage":
      return report(tx, context, row, vetting);
    case "ended":
      return stopAtEnd(vetting.run);
    default:
      return next satisfies never;
  }
}

/**
 * Judges the stage that a vetting run is at, once its newest step run has ended, and moves the run on. Reports of other
 * stages, of earlier tries and of a stage that still runs change nothing. For a transaction that holds the workflow's
 * row.
 */
export async function recordStageReport(
  tx: Tx,
  context: ServerContext,
  row: WorkflowRow,
  stepRun: Omit<StepRunRow, "sequence">,
): Promise<void> {
  const outcome = outcomeOf(stepRun, row.cancel_requested_at !== null);
  const vetting = await readVettingRun(tx, row.id);
  const profile = vetting.run.profile.stages.find((stage) => stage.name === stepRun.step);
  if (outcome === undefined || !profile || vetting.run.at !== profile.name) return;
  if (stepRun.try !== (await newestTry(tx, row, profile.name))) return;
  const run = recordStage(vetting.run, await judge(tx, context, profile, stepRun, outcome));
  await writeVettingRun(tx, row.id, { run, stageTimes: await timed(tx, vetting, profile.name, "finishedAt") });
}

async function runStage(
  tx: Tx,
  row: WorkflowRow,
  vetting: VettingRunRow,
  { stage, timeoutMs, parameters }: Extract<NextStage, { kind: "run_stage" }>,
): Promise<NextAction> {
  const newest = await newestTry(tx, row, stage);
  // A stage starts when it is told to, unless this lease's agent has been heard of it already.
  if (newest === 0) {
    await writeVettingRun(tx, row.id, { run: vetting.run, stageTimes: await timed(tx, vetting, stage, "startedAt") });
  }
  const parametersJson = JSON.stringify(parameters);
  return { action: { case: "runStage", value: { stage, try: newest + 1, timeoutMs, parametersJson } } };
}

async function report(tx: Tx, context: ServerContext, row: WorkflowRow, vetting: VettingRunRow): Promise<NextAction> {
  const now = await databaseNow(tx);
  const reportBlobId = await makeReport(tx, context, row, vetting, now);
  const run = finishReporting(vetting.run);
  await writeVettingRun(tx, row.id, { run, stageTimes: vetting.stage_times, reportBlobId });
  return stopAtEnd(run);
}

function stopAtEnd(run: RunState): NextAction {
  const end = endOf(run);
  if (!end) throw new Error(`the run is at ${run.at}, which is not its end`);
  return stop(end);
}

function stop({ state, reason }: RunEnd): NextAction {
  return { action: { case: "stop", value: { state: workflowStateOf(state), endReason: endReasonOf(reason) } } };
}

/** The number of a stage's newest try in the lease's epoch. 0: it has not run. */
async function newestTry(tx: Tx, { id, epoch }: WorkflowRow, stage: string): Promise<number> {
  const { newest } = await tx
    .selectFrom("step_runs")
    .select(sql<number>`coalesce(max(try), 0)`.as("newest"))
    .where("workflow_id", "=", id)
    .where("epoch", "=", epoch)
    .where("step", "=", stage)
    .executeTakeFirstOrThrow();
  return newest;
}

/** The stages' times, with this moment by the database's clock noted for one. */
async function timed(tx: Tx, vetting: VettingRunRow, stage: string, moment: "startedAt" | "finishedAt") {
  const times = vetting.stage_times;
  return { ...times, [stage]: { ...times[stage], [moment]: (await databaseNow(tx)).toISOString() } };
}
