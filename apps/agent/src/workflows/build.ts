import type { BuildEnd } from "@groundcrew/engine";
import { runSteps } from "@groundcrew/engine/steps";
import type { BuildPlan, NextAction } from "@groundcrew/proto";
import PQueue from "p-queue";
import { agentHost } from "./agent-host.ts";
import type { RunContext } from "./run-context.ts";

/** Runs a build by its plan. Reports follow in order, and no step waits for them. */
export async function runBuild(run: RunContext, plan: BuildPlan): Promise<BuildEnd> {
  const reports = new Reports(run);
  const { stopped: stop, left: leave } = run.lease;
  try {
    return await runSteps({
      plan,
      stop,
      leave,
      cleanupTimeoutMs: run.settings.cleanupTimeoutMs,
      host: agentHost({ run, plan, report: (report) => reports.add(report) }),
    });
  } finally {
    await reports.sent();
  }
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
