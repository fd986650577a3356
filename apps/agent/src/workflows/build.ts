import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import PQueue from "p-queue";
import { StepState, WorkflowState, type BuildPlan, type NextAction, type StepPlan } from "@groundcrew/proto";
import { stopCauseOf } from "../process/stop-cause.ts";
import type { RunContext } from "./run-context.ts";
import { stepEnvironment } from "./step-environment.ts";
import { StepRun, type StepCommand } from "./step-run.ts";
import { buildEndOf, COMPLETED, noteOf, stepReportOf, stoppedEnd, type WorkflowEnd } from "./workflow-end.ts";

/** Runs the steps of a build in order, until one does not pass. Reports follow in order, and no step waits for them. */
export async function runBuild(run: RunContext, plan: BuildPlan): Promise<WorkflowEnd> {
  const reports = new Reports(run);
  let end: WorkflowEnd | undefined;
  for (const [index, step] of plan.steps.entries()) {
    if (run.lease.stopped.aborted) end ??= stoppedEnd(stopCauseOf(run.lease.stopped));
    if (end?.state === WorkflowState.QUEUED) break;
    const stepRun = await StepRun.open(run, step.name, 1);
    if (end) await skip(stepRun, reports);
    else end = await runStep(run, { plan, step, stepRun, index, reports });
  }
  await reports.sent();
  return end ?? COMPLETED;
}

interface BuildStep {
  plan: BuildPlan;
  step: StepPlan;
  stepRun: StepRun;
  index: number;
  reports: Reports;
}

async function runStep(run: RunContext, build: BuildStep): Promise<WorkflowEnd | undefined> {
  const { step, stepRun, reports } = build;
  reports.add(stepRun.started());
  const end = await stepRun.execute(step.timeoutMs, () => prepare(run, build));
  reports.add(stepRun.report(stepReportOf(end)));
  await stepRun.endLog(noteOf(end));
  return buildEndOf(step.name, end);
}

async function skip(stepRun: StepRun, reports: Reports): Promise<void> {
  reports.add(stepRun.report({ state: StepState.SKIPPED }));
  await stepRun.endLog();
}

// The script goes through a file: an argument may be at most 128 KiB long.
async function prepare(run: RunContext, { plan, step, index }: BuildStep): Promise<StepCommand> {
  const workspace = await run.workspace();
  const script = join(workspace.root, `step-${index + 1}.sh`);
  await writeFile(script, step.run, { mode: 0o600 });
  const { agentName, stepEnv } = run.settings;
  const env = stepEnvironment({ grant: run.lease.grant, plan, step, workspace, agentName, stepEnv });
  const args = step.shell === "bash" ? ["-e", "-o", "pipefail", script] : ["-e", script];
  return { file: step.shell === "bash" ? "bash" : "sh", args, cwd: workspace.directory, env };
}

/** Sends reports one after another. An answer that says stop is a cancel that this agent has not heard of yet. */
class Reports {
  readonly #run: RunContext;
  readonly #queue = new PQueue({ concurrency: 1 });

  constructor(run: RunContext) {
    this.#run = run;
  }

  add(report: () => Promise<NextAction | undefined>): void {
    void this.#queue.add(() => this.#send(report));
  }

  async sent(): Promise<void> {
    await this.#queue.onIdle();
    this.#run.lease.discarded.throwIfAborted();
  }

  async #send(report: () => Promise<NextAction | undefined>): Promise<void> {
    const { lease, log } = this.#run;
    try {
      const next = await report();
      if (next?.action.case === "stop") lease.stop({ kind: "canceled", by: "" });
    } catch (error) {
      if (!lease.discarded.aborted) log.error({ err: error }, "the server refused a report of a step");
    }
  }
}
