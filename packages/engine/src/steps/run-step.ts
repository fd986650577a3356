import { StepState, type StepPlan } from "@groundcrew/proto";
import { delay } from "@groundcrew/rpc";
import { stopCauseOf } from "../process/stop-cause.ts";
import { finish, stopOf, type BuildRun } from "./build-run.ts";
import { executeStep, type StepExecution } from "./execute-step.ts";
import { startService } from "./start-service.ts";
import { hasPassed, type StepEnd } from "./workflow-end.ts";

/** Runs a step, again as often as its plan says, and notes how it ended. A service has then started. */
export async function runStep(build: BuildRun, step: StepPlan): Promise<void> {
  const stop = stopOf(build, step);
  for (let count = 1; ; count++) {
    const { end, outputs } = await tryStep(build, step, count);
    if (count > (step.retry?.max ?? 0) || !mayHelp(end) || !(await paused(step, stop))) {
      return noteEnd(build, step, { end, outputs });
    }
  }
}

function noteEnd({ results, signals }: BuildRun, step: StepPlan, { end, outputs }: StepExecution): void {
  // The stop is what ended the build, also where it ends with this step or does without it.
  const wasStopped = end.kind === "stopped" && end.cause.kind !== "step_timeout" && signals.stop.aborted;
  if (wasStopped) results.stopped(stopCauseOf(signals.stop));
  results.ended(step, end, outputs);
}

/** Reports that a step is left out. */
export async function skipStep(build: BuildRun, step: StepPlan): Promise<void> {
  build.results.skipped(step);
  const stepRun = await build.host.open(step.name, 1);
  stepRun.report({ state: StepState.SKIPPED });
  await stepRun.endLog();
}

/** Reports a step that cannot run, and why. */
export async function refuseStep(build: BuildRun, step: StepPlan, message: string): Promise<void> {
  const end: StepEnd = { kind: "not_started", message };
  build.results.ended(step, end);
  await finish(await build.host.open(step.name, 1), end);
}

async function tryStep(build: BuildRun, step: StepPlan, count: number): Promise<StepExecution> {
  const stepRun = await build.host.open(step.name, count);
  stepRun.report({ state: StepState.RUNNING });
  const tried = { step, stepRun, number: build.nextNumber(), stop: stopOf(build, step) };
  if (step.service) return startService(build, tried, step.service);
  const execution = await executeStep(build, tried);
  await finish(stepRun, execution.end, execution.tests);
  return execution;
}

// Another try cannot mend what kept a step from starting, and is not wanted once the build is stopped.
function mayHelp(end: StepEnd): boolean {
  if (end.kind === "stopped") return end.cause.kind === "step_timeout";
  return end.kind !== "not_started" && !hasPassed(end);
}

async function paused({ retry }: StepPlan, stop: AbortSignal): Promise<boolean> {
  if (stop.aborted) return false;
  return delay(retry?.backoffMs ?? 0, stop).then(
    () => true,
    () => false,
  );
}
