import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NextActionSchema } from "@groundcrew/proto";
import {
  finishReporting,
  interruptedResult,
  nextOf,
  recordStage,
  type NextStage,
  type StageResult,
} from "@groundcrew/vetting";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import { endReasonOf, workflowStateOf } from "../names.ts";
import { freeReflector } from "../reflectors/lease.ts";
import type { StepRunRow } from "../workflows/step-run.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { claimRun } from "./claim.ts";
import { judge, outcomeOf, readOcpOf } from "./evidence.ts";
import { recordFigures } from "./figures.ts";
import { endOf, type RunEnd } from "./final-state.ts";
import { enterHold } from "./hold.ts";
import { makeReport } from "./report.ts";
import { validateSpec } from "./spec-validate.ts";
import { databaseNow, readVettingRun, writeVettingRun, type VettingRunRow } from "./run-row.ts";
import { stageFactsFor } from "./stage-facts.ts";

type NextAction = MessageInitShape<typeof NextActionSchema>;

/**
 * What a vetting run's agent does next: the stage the run is at, hold the machine, or stop. Once every stage is judged it
 * makes the report first. For a transaction that holds the workflow's row; the caller publishes the workflow's topics
 * after the commit. Asking again answers the same until the agent has reported the stage. Not for a run
 * that somebody asked to cancel.
 */
export async function nextOfVetting(tx: Tx, context: ServerContext, row: WorkflowRow): Promise<NextAction> {
  const vetting = await claimRun(tx, row);
  const next = nextOf(vetting.run);
  switch (next.kind) {
    case "run_stage":
      return runOrCollect(tx, context, row, vetting, next);
    case "server_stage":
      if (next.stage === "reporting") return report(tx, context, row, vetting);
      await validateSpec(tx, context, row, vetting);
      return nextOfVetting(tx, context, row);
    case "hold":
      return { action: { case: "hold", value: await enterHold(tx, context, row, vetting.run) } };
    case "ended":
      return stopAtEnd(vetting.run);
    case "wait_for_agent":
      throw new Error(`vetting run ${row.id} waits for an agent, and one has it`);
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
  const vetting = await readVettingRun(tx, row.id);
  const profile = vetting.run.profile.stages.find((stage) => stage.name === stepRun.step);
  if (!profile || vetting.run.at !== profile.name) return;
  if (stepRun.try !== (await newestTry(tx, row, profile.name))) return;
  const wasStopped = row.cancel_requested_at !== null || isCanceling(vetting, stepRun);
  const outcome = outcomeOf(stepRun, wasStopped);
  if (outcome === undefined) return;
  const { interruption } = vetting;
  if (interruption?.stage === profile.name) {
    const detail = `boot id ${interruption.from}, then ${interruption.to}; ${stepRun.error || "nothing is known of why"}`;
    return moveOn(tx, vetting, interruptedResult(profile.name, "unexpected_reboot", detail));
  }
  // A stage that somebody stopped never counts as done, whatever it says by the time that it hears of it.
  const judged = await judge(tx, context, profile, stepRun, wasStopped ? "canceled" : outcome);
  await recordFigures(tx, row.id, profile.name, (await readOcpOf(tx, context, stepRun.id)).ocp);
  await moveOn(tx, vetting, judged);
}

async function moveOn(tx: Tx, vetting: VettingRunRow, result: StageResult): Promise<void> {
  await writeVettingRun(tx, vetting.workflow_id, {
    run: recordStage(vetting.run, result),
    stage_times: await timed(tx, vetting, result.stage, "finishedAt"),
    ...CLOSED,
  });
  if (result.stage === "network") await freeReflector(tx, vetting.workflow_id);
}

/** What holds only while a stage runs. */
const CLOSED = { open_since: null, interruption: null, canceling: null, override: null } as const;

function isCanceling(
  { canceling }: VettingRunRow,
  { step, try: tryNumber, epoch }: Pick<StepRunRow, "step" | "try" | "epoch">,
) {
  return canceling?.stage === step && canceling.try === tryNumber && canceling.epoch === epoch;
}

type RunStage = Extract<NextStage, { kind: "run_stage" }>;

async function runOrCollect(
  tx: Tx,
  context: ServerContext,
  row: WorkflowRow,
  vetting: VettingRunRow,
  next: RunStage,
): Promise<NextAction> {
  const { interruption, canceling } = vetting;
  if (interruption?.stage === next.stage) {
    const newest = await newestTry(tx, row, next.stage);
    const reason = `the machine started anew while the stage ran: boot id ${interruption.from}, then ${interruption.to}`;
    return { action: { case: "collectCrash", value: { stage: next.stage, try: newest + 1, reason } } };
  }
  // Its agent vanished before it could stop the stage: the next one does not begin it again.
  if (canceling?.stage === next.stage && canceling.epoch !== row.epoch) {
    const reasons = [`stopped before its end: canceled by ${canceling.by}`];
    await moveOn(tx, vetting, { stage: next.stage, verdict: "canceled", reasons, gates: [] });
    return nextOfVetting(tx, context, row);
  }
  return runStage(tx, row, vetting, next);
}

async function runStage(
  tx: Tx,
  row: WorkflowRow,
  vetting: VettingRunRow,
  { stage, timeoutMs, parameters }: RunStage,
): Promise<NextAction> {
  const told = await stageFactsFor(tx, row.id, { stage, timeoutMs });
  if ("waitMs" in told) return { action: { case: "wait", value: told } };
  const tryNumber = (await newestTry(tx, row, stage)) + 1;
  const { override } = tryNumber === 1 ? await begin(tx, row, vetting, stage) : vetting;
  const isOurs = override?.epoch === row.epoch && override.stage === stage && override.try === tryNumber;
  const value = {
    stage,
    try: tryNumber,
    timeoutMs,
    parametersJson: JSON.stringify(parameters),
    factsJson: JSON.stringify({ ...told.facts, ...(vetting.spec?.spec && { spec: vetting.spec.spec }) }),
    ...(isOurs && { overrides: override.overrides }),
  };
  return { action: { case: "runStage", value } };
}

/**
 * A stage starts when it is told to, unless this lease's agent has been heard of it already. What an operator allows it
 * goes to this step run alone: in the same transaction it is no longer there for any other.
 */
async function begin(tx: Tx, row: WorkflowRow, vetting: VettingRunRow, stage: string): Promise<VettingRunRow> {
  const { overrides, ...run } = vetting.run;
  const override = overrides ? { epoch: row.epoch, stage, try: 1, overrides } : vetting.override;
  const open_since = vetting.open_since ?? (await databaseNow(tx));
  const changes = { run, override, open_since, stage_times: await timed(tx, vetting, stage, "startedAt") };
  await writeVettingRun(tx, row.id, changes);
  return { ...vetting, ...changes };
}

async function report(tx: Tx, context: ServerContext, row: WorkflowRow, vetting: VettingRunRow): Promise<NextAction> {
  return stopAtEnd(await finishRun(tx, context, row, vetting));
}

/** Makes the report of a run that is at reporting, and ends it. Returns the run. */
export async function finishRun(
  tx: Tx,
  context: ServerContext,
  row: WorkflowRow,
  vetting: VettingRunRow,
): Promise<VettingRunRow["run"]> {
  const now = await databaseNow(tx);
  const report_blob_id = await makeReport(tx, context, row, vetting, now);
  const run = finishReporting(vetting.run);
  await writeVettingRun(tx, row.id, { run, report_blob_id });
  return run;
}

function stopAtEnd(run: VettingRunRow["run"]): NextAction {
  const end = endOf(run);
  if (!end) throw new Error(`the run is at ${run.at}, which is not its end`);
  return stop(end);
}

function stop({ state, reason }: RunEnd): NextAction {
  return { action: { case: "stop", value: { state: workflowStateOf(state), endReason: endReasonOf(reason) } } };
}

/** The number of a stage's newest try in the lease's epoch. 0: it has not run. */
export async function newestTry(
  tx: Tx,
  { id, epoch }: Pick<WorkflowRow, "id" | "epoch">,
  stage: string,
): Promise<number> {
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
