import type { ExpressionScope } from "@groundcrew/pipeline";
import type { BuildPlan, StepPlan } from "@groundcrew/proto";
import { hashFiles } from "../files/hash-files.ts";
import type { TestResults } from "../test-results/test-results.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { BuildSignals } from "./build-signals.ts";
import { isCleanUp } from "./decide-step.ts";
import type { RunningServices } from "./running-services.ts";
import type { StepHost, StepRunHost } from "./step-host.ts";
import type { StepResults } from "./step-results.ts";
import { noteOf, stepReportOf, type StepEnd } from "./workflow-end.ts";

/** One run of a build: what all of its steps share. */
export interface BuildRun {
  readonly plan: BuildPlan;
  readonly host: StepHost;
  readonly signals: BuildSignals;
  readonly results: StepResults;
  readonly services: RunningServices;
  /** A number for each step run of the build, from 1. */
  nextNumber(): number;
}

/** What ends a step: for a clean-up, only the end of its time after a stop. */
export function stopOf({ signals }: BuildRun, step: StepPlan): AbortSignal {
  return isCleanUp(step) ? signals.cleanUp : signals.stop;
}

/** What the expressions of a step may look at: what is known of the build, and the files of the workspace. */
export function scopeIn({ results }: BuildRun, { directory }: Workspace): ExpressionScope {
  return { ...results.scope(), hashFiles: (patterns) => hashFiles(directory, patterns) };
}

/** Reports how a step run ended, with what its tests said, and ends its log. */
export async function finish(stepRun: StepRunHost, end: StepEnd, tests?: TestResults): Promise<void> {
  stepRun.report({ ...stepReportOf(end), ...(tests && { tests }) });
  await stepRun.endLog(noteOf(end));
}
