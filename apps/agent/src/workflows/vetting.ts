import { join } from "node:path";
import { agentError, noteOf, stageReportOf, stopCauseOf, stoppedEnd, type WorkflowEnd } from "@groundcrew/engine";
import { delay } from "@groundcrew/rpc";
import { StepState, type CollectCrash, type NextAction, type RunStage } from "@groundcrew/proto";
import { readBootId } from "../machine/machine-identity.ts";
import { BoundedFile } from "./bounded-file.ts";
import { collectCrash } from "./collect-crash.ts";
import { uploadEvidence } from "./evidence.ts";
import type { RunContext } from "./run-context.ts";
import { stageCommand } from "./stage-command.ts";
import { stageEnvironment } from "./stage-environment.ts";
import { StageFolders } from "./stage-folders.ts";
import { StepRun, type StepCommand } from "./step-run.ts";

// Evidence of one stage in OCP lines; a stage that writes more is broken.
const OCP_MAX_BYTES = 64 * 2 ** 20;

/** A question to the server that may be asked again: Init, or the report of a stage. */
type Ask = () => Promise<NextAction | undefined>;

/** A vetting run on this machine. */
interface Vetting extends RunContext {
  folders: StageFolders;
}

/**
 * Runs the stages that the server asks for, one at a time, until it says stop. No end: the machine is held, and the
 * server has ended the lease itself.
 */
export async function runVetting(
  run: RunContext,
  first: NextAction | undefined,
  init: Ask,
): Promise<WorkflowEnd | undefined> {
  const { workflowId } = run.lease.grant;
  const folders = new StageFolders(run.state.vetting, { workflowId, bootId: await readBootId() });
  const end = await runStages({ ...run, folders }, first, init);
  // Handed back or lost, its stage may go on in another lease.
  if (!run.lease.left.aborted) await folders.remove();
  if (end === undefined) run.onHold();
  return end;
}

async function runStages(run: Vetting, first: NextAction | undefined, init: Ask): Promise<WorkflowEnd | undefined> {
  const { stopped } = run.lease;
  for (let next = first, ask = init; ; next = await ask()) {
    if (next?.action.case === "stop") return next.action.value;
    if (next?.action.case === "hold") return undefined;
    if (stopped.aborted) return stoppedEnd(stopCauseOf(stopped));
    if (next?.action.case === "wait") await pause(next.action.value.waitMs, stopped);
    else if (next?.action.case === "runStage") ask = await runStage(run, next.action.value);
    else if (next?.action.case === "collectCrash") ask = await reportCrash(run, next.action.value);
    else return agentError(`the server's next action is ${next?.action.case ?? "missing"}`);
    if (isHandedBack(stopped)) return stoppedEnd(stopCauseOf(stopped));
  }
}

async function pause(waitMs: number, stopped: AbortSignal): Promise<void> {
  await delay(waitMs, stopped).catch(() => {});
}

/** Runs a stage and uploads its evidence; answers how to report its end. */
async function runStage(run: Vetting, stage: RunStage): Promise<Ask> {
  const stepRun = await StepRun.open(run, { step: stage.stage, count: stage.try });
  await stepRun.started()();
  const folder = await run.folders.make({ ...stage, epoch: run.lease.grant.epoch });
  const ocp = new BoundedFile(join(folder.path, "ocp.jsonl"), OCP_MAX_BYTES);
  const stop = run.stageStops.signalOf(stage);
  const end = await stepRun.execute({ timeoutMs: stage.timeoutMs, stop }, () => prepare(run, { stage, folder, ocp }));
  await ocp.close();
  if (ocp.isCut) await stepRun.log.note(`the evidence is longer than ${OCP_MAX_BYTES} bytes; the rest is not kept`);
  // Handed back, the stage runs again under another epoch, so this try of it is no evidence.
  if (isHandedBack(run.lease.stopped)) {
    await stepRun.endLog(noteOf(end));
    return stepRun.report(stageReportOf(end));
  }
  await uploadEvidence(run, stepRun, folder.path);
  await stepRun.endLog(noteOf(end));
  return reported(run, stepRun, stage.stage, stepRun.report(stageReportOf(end)));
}

/** Stores what the machine kept of a crash, in place of the stage in which that happened. */
async function reportCrash(run: Vetting, { stage, try: count, reason }: CollectCrash): Promise<Ask> {
  const stepRun = await StepRun.open(run, { step: stage, count });
  await stepRun.started()();
  const { path } = await run.folders.make({ stage, try: count, epoch: run.lease.grant.epoch });
  const found = await collectCrash(path, run.settings.crashSources);
  await uploadEvidence(run, stepRun, path);
  await stepRun.endLog(`${reason}; ${found}`);
  return reported(run, stepRun, stage, stepRun.report({ state: StepState.FAILED, error: found }));
}

/**
 * How to report a stage's end: once its whole log is there, for the answer may be that the machine is held, which ends
 * the lease; then nothing of its tries is needed any more.
 */
function reported(run: Vetting, stepRun: StepRun, stage: string, report: Ask): Ask {
  return async () => {
    await stepRun.flushed();
    const next = await report();
    await run.folders.done(stage);
    return next;
  };
}

interface StageFiles {
  stage: RunStage;
  folder: { path: string; previous?: string };
  ocp: BoundedFile;
}

async function prepare(run: RunContext, { stage, folder, ocp }: StageFiles): Promise<StepCommand> {
  await ocp.open();
  const workspace = await run.workspace();
  const { destructiveTests } = run.settings;
  const env = stageEnvironment(workspace, stage, { destructiveTests, previous: folder.previous });
  const command = await stageCommand(run.settings, stage.stage, join(workspace.root, "stages"));
  return { ...command, cwd: folder.path, env, fd3: ocp.sink };
}

function isHandedBack(stopped: AbortSignal): boolean {
  return stopped.aborted && stopCauseOf(stopped).kind === "handed_back";
}
