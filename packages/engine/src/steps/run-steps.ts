import type { BuildPlan, StepPlan } from "@groundcrew/proto";
import { stopCauseOf } from "../process/stop-cause.ts";
import { scopeIn, type BuildRun } from "./build-run.ts";
import { BuildSignals, type BuildSignalOptions } from "./build-signals.ts";
import { decideStep } from "./decide-step.ts";
import { fetchSource } from "./fetch-source.ts";
import { refuseStep, runStep, skipStep } from "./run-step.ts";
import { RunningServices } from "./running-services.ts";
import { stepGroups } from "./step-groups.ts";
import type { StepHost } from "./step-host.ts";
import { StepResults } from "./step-results.ts";
import type { BuildEnd } from "./workflow-end.ts";

/** A build to run, where, and what ends it early. */
export interface RunStepsOptions extends BuildSignalOptions {
  plan: BuildPlan;
  host: StepHost;
}

/**
 * Runs a build by its plan: its steps in order, neighbours of a parallel group side by side, services beside the steps
 * that follow. After a failure, a cancel or a timeout only those run that are meant for it; when the lease is lost or
 * handed back, none. Throws what the host throws when it can go on no longer; nothing runs any more then.
 */
export async function runSteps({ plan, host, ...signalOptions }: RunStepsOptions): Promise<BuildEnd> {
  using signals = new BuildSignals(signalOptions);
  let number = 0;
  const results = new StepResults(plan);
  const build = { plan, host, signals, results, services: new RunningServices(), nextNumber: () => ++number };
  try {
    if (plan.checkout && host.checkout) await fetchSource(build, plan.checkout, host.checkout);
    for (const group of stepGroups(plan.steps)) await runGroup(build, group);
  } finally {
    await build.services.stop();
  }
  return results.end();
}

async function runGroup(build: BuildRun, group: readonly StepPlan[]): Promise<void> {
  const { results, signals } = build;
  const workspace = await build.host.workspace();
  // Nothing is awaited from here to the decisions: a stop in between would skip the steps and end the build well.
  if (signals.stop.aborted) results.stopped(stopCauseOf(signals.stop));
  if (signals.isLeft) return;
  const standing = { status: results.status, stopped: signals.stop.aborted, scope: () => scopeIn(build, workspace) };
  const decided = group.map((step) => ({ step, decision: decideStep(step, standing) }));
  await allEnded(
    decided.map(({ step, decision }) => {
      switch (decision.kind) {
        case "run":
          return runStep(build, step);
        case "skip":
          return skipStep(build, step);
        case "refuse":
          return refuseStep(build, step, decision.message);
        default:
          return decision satisfies never;
      }
    }),
  );
}

// Neighbours end by themselves, also where one of them cannot go on.
async function allEnded(steps: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(steps);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
