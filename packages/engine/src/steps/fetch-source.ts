import { StepState, type Checkout } from "@groundcrew/proto";
import { finish, type BuildRun } from "./build-run.ts";
import type { FetchSourceOptions } from "./step-host.ts";
import type { StepEnd } from "./workflow-end.ts";

/** The step run that fetches the source. No step of a plan can have this name. */
const CHECKOUT_STEP = "(checkout)";

/** Fetches the source as a step of its own, before all others. Without it the build has failed. */
export async function fetchSource(
  build: BuildRun,
  checkout: Checkout,
  fetch: (options: FetchSourceOptions) => Promise<StepEnd>,
): Promise<void> {
  const stepRun = await build.host.open(CHECKOUT_STEP, 1);
  stepRun.report({ state: StepState.RUNNING });
  const workspace = await build.host.workspace();
  const marker = `${build.host.marker}/${build.nextNumber()}`;
  const end = await fetch({ checkout, workspace, log: stepRun.log, marker, stop: build.signals.stop });
  build.results.failed(CHECKOUT_STEP, end);
  await finish(stepRun, end);
}
