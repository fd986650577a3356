import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { agentError, noteOf, stageReportOf, stopCauseOf, stoppedEnd, type WorkflowEnd } from "@groundcrew/engine";
import { delay } from "@groundcrew/rpc";
import type { NextAction, RunStage } from "@groundcrew/proto";
import { BoundedFile } from "./bounded-file.ts";
import { uploadEvidence } from "./evidence.ts";
import type { RunContext } from "./run-context.ts";
import { stageEnvironment } from "./stage-environment.ts";
import { StepRun, type StepCommand } from "./step-run.ts";

// Evidence of one stage in OCP lines; a stage that writes more is broken.
const OCP_MAX_BYTES = 64 * 2 ** 20;

/** A question to the server that may be asked again: Init, or the report of a stage. */
type Ask = () => Promise<NextAction | undefined>;

/**
 * Runs the stages that the server asks for, one at a time, until it says stop. No end: the machine is held, and the
 * server has ended the lease itself.
 */
export async function runVetting(
  run: RunContext,
  first: NextAction | undefined,
  init: Ask,
): Promise<WorkflowEnd | undefined> {
  const { stopped } = run.lease;
  for (let next = first, ask = init; ; next = await ask()) {
    if (next?.action.case === "stop") return next.action.value;
    if (next?.action.case === "hold") return undefined;
    if (stopped.aborted) return stoppedEnd(stopCauseOf(stopped));
    if (next?.action.case === "wait") await pause(next.action.value.waitMs, stopped);
    else if (next?.action.case === "runStage") ask = await runStage(run, next.action.value);
    else return agentError(`the server's next action is ${next?.action.case ?? "missing"}`);
    if (isHandedBack(stopped)) return stoppedEnd(stopCauseOf(stopped));
  }
}

async function pause(waitMs: number, stopped: AbortSignal): Promise<void> {
  await delay(waitMs, stopped).catch(() => {});
}

/** Runs a stage and uploads its evidence; answers how to report its end. */
async function runStage(run: RunContext, stage: RunStage): Promise<Ask> {
  const stepRun = await StepRun.open(run, { step: stage.stage, count: stage.try });
  await stepRun.started()();
  const { root } = await run.workspace();
  const evidence = join(root, "evidence", `${stage.stage}-${stage.try}`);
  const ocp = new BoundedFile(join(evidence, "ocp.jsonl"), OCP_MAX_BYTES);
  const end = await stepRun.execute(stage.timeoutMs, () => prepare(run, { stage, evidence, ocp }));
  await ocp.close();
  if (ocp.isCut) await stepRun.log.note(`the evidence is longer than ${OCP_MAX_BYTES} bytes; the rest is not kept`);
  // Handed back, the stage runs again under another epoch, so this try of it is no evidence.
  if (!isHandedBack(run.lease.stopped)) await uploadEvidence(run.lease, stepRun, evidence);
  await stepRun.endLog(noteOf(end));
  return stepRun.report(stageReportOf(end));
}

interface StageFiles {
  stage: RunStage;
  evidence: string;
  ocp: BoundedFile;
}

async function prepare(run: RunContext, { stage, evidence, ocp }: StageFiles): Promise<StepCommand> {
  await mkdir(evidence, { recursive: true, mode: 0o700 });
  await ocp.open();
  const env = stageEnvironment(await run.workspace(), stage);
  return { file: process.execPath, args: [run.settings.stageProgram, stage.stage], cwd: evidence, env, fd3: ocp.sink };
}

function isHandedBack(stopped: AbortSignal): boolean {
  return stopped.aborted && stopCauseOf(stopped).kind === "handed_back";
}
