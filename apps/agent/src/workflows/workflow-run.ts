import type { DescEnum } from "@bufbuild/protobuf";
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  agentError,
  keepWorkspace,
  killMarked,
  makeWorkspace,
  removeWorkspace,
  type StopCause,
  stopCauseOf,
  type WorkflowEnd,
  type Workspace,
} from "@groundcrew/engine";
import { EndReasonSchema, LinesMissingSchema, WorkflowState, WorkflowStateSchema, type Grant } from "@groundcrew/proto";
import { detailOf } from "@groundcrew/rpc";
import { Journal } from "../state/journal.ts";
import { Lease } from "./lease.ts";
import type { RunContext, RunEnvironment } from "./run-context.ts";
import { StageStops } from "./stage-stops.ts";
import type { StepRun } from "./step-run.ts";
import { watchLease } from "./watch-lease.ts";

/** One workflow that this agent holds, from the grant to Done. */
export class WorkflowRun {
  readonly workflowId: string;
  readonly epoch: string;
  readonly #environment: RunEnvironment;
  readonly #lease: Lease;
  readonly #stageStops = new StageStops();

  constructor(grant: Grant, environment: RunEnvironment) {
    this.workflowId = grant.workflowId;
    this.epoch = grant.epoch;
    const { workflowId, epoch } = grant;
    this.#environment = { ...environment, log: environment.log.child({ workflowId, epoch }) };
    this.#lease = new Lease(grant, environment.link);
  }

  /** Stops its steps; see `Lease`. */
  stop(cause: StopCause): void {
    this.#lease.stop(cause);
  }

  /** Stops one run of a stage, and no other. */
  stopStage(stepRun: { step: string; try: number }, by: string): void {
    this.#stageStops.stop({ stage: stepRun.step, try: stepRun.try }, by);
  }

  /** Runs it to its end and leaves nothing behind, but the spool of a log that the server does not have. Never fails. */
  async run(): Promise<void> {
    const { log } = this.#environment;
    const { name, attempt, plan } = this.#lease.grant;
    log.info({ name, attempt, kind: plan.case }, "workflow started");
    try {
      await this.#runJournaled();
    } catch (error) {
      if (this.#lease.discarded.aborted) log.warn("the lease was lost; the workflow is discarded");
      else log.error({ err: error }, "the workflow could not be run or its end not reported");
    }
  }

  async #runJournaled(): Promise<void> {
    const { state } = this.#environment;
    const marker = randomUUID();
    const journal = await Journal.begin(state.held, { workflowId: this.workflowId, epoch: this.epoch, marker });
    let end: WorkflowEnd | undefined;
    try {
      end = await this.#runAndReport(this.#context(journal, marker));
    } finally {
      await killMarked(marker);
      await this.#putAway(end).catch((error: unknown) =>
        this.#environment.log.warn({ err: error }, "the workspace could not be deleted or kept"),
      );
      await journal.remove();
    }
  }

  /** Deletes the workspace, or keeps it where the operator asks for that. */
  async #putAway(end: WorkflowEnd | undefined): Promise<void> {
    const { state, settings, log } = this.#environment;
    const { workflowId, epoch } = this;
    if (!isKept(settings.keepWorkspaces, end)) return removeWorkspace(state.work, workflowId, epoch);
    const path = await keepWorkspace({ from: state.work, to: state.kept, workflowId, epoch });
    if (path !== undefined) log.info({ path }, "kept the workspace");
  }

  #context(journal: Journal, marker: string): RunContext {
    const { state } = this.#environment;
    const { workflowId, epoch } = this;
    let workspace: Promise<Workspace> | undefined;
    return {
      ...this.#environment,
      lease: this.#lease,
      journal,
      marker,
      stageStops: this.#stageStops,
      stepRuns: [],
      spoolDirectory: join(state.spool, `${workflowId}-${epoch}`),
      workspace: () => (workspace ??= makeWorkspace(state.work, workflowId, epoch)),
    };
  }

  async #runAndReport(run: RunContext): Promise<WorkflowEnd | undefined> {
    const done = new AbortController();
    const watching = watchLease(run, done.signal);
    try {
      const end = await this.#outcome(run);
      if (end) await this.#report(run, end);
      return end;
    } finally {
      await endSpools(run);
      // An agent that ends at once leaves what is not sent to the next one.
      const isLeft = run.lease.discarded.aborted && stopCauseOf(run.lease.discarded).kind === "abandoned";
      if (!isLeft) await rm(run.spoolDirectory, { recursive: true, force: true });
      done.abort();
      await watching;
    }
  }

  async #outcome(run: RunContext): Promise<WorkflowEnd | undefined> {
    const { plan, timeoutMs } = run.lease.grant;
    const init = () => this.#init(run);
    let timer: NodeJS.Timeout | undefined;
    try {
      const first = await init();
      if (timeoutMs > 0) timer = setTimeout(() => this.stop({ kind: "workflow_timeout", timeoutMs }), timeoutMs);
      if (plan.case === "build") {
        const refused = refusal(run);
        if (refused) return refused;
        const { runBuild } = await import("./build.ts");
        return await runBuild(run, plan.value);
      }
      if (plan.case === undefined) return agentError("the grant carries no plan that this agent knows");
      const { runVetting } = await import("./vetting.ts");
      const { withSensors } = await import("../sensors/with-sensors.ts");
      return await withSensors(run, () => runVetting(run, first, init));
    } catch (error) {
      run.lease.discarded.throwIfAborted();
      run.log.error({ err: error }, "the workflow cannot go on");
      return agentError(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  async #init(run: RunContext) {
    const { workflowId, epoch } = this;
    const answer = await run.lease.call((client, options) => client.init({ workflowId, epoch }, options));
    return answer.next;
  }

  async #report(run: RunContext, end: WorkflowEnd): Promise<void> {
    const { workflowId, epoch } = this;
    const { stepRuns } = run;
    // A step run that broke off may have left its log open, and an open log is never sent to its end.
    await endSpools(run);
    for (;;) {
      await Promise.all(stepRuns.map((stepRun) => stepRun.flushed()));
      const lines = stepRuns.map((stepRun) => stepRun.lines()).filter(({ lineCount }) => lineCount > 0);
      try {
        const request = { workflowId, epoch, lines, ...end };
        const { state } = await run.lease.call((client, options) => client.done(request, options));
        run.log.info(
          {
            state: nameOf(WorkflowStateSchema, state),
            endReason: nameOf(EndReasonSchema, end.endReason),
            error: end.error,
          },
          "workflow ended",
        );
        return;
      } catch (error) {
        const missing = detailOf(error, LinesMissingSchema);
        const stepRun = stepRuns.find(({ ref }) => isSame(ref, missing?.stepRun));
        if (!missing || !stepRun) throw error;
        stepRun.resend(missing.nextLine);
      }
    }
  }
}

/** Why this agent does not run a build at all. It is never run with less isolation than it needs. */
function refusal({ lease, backend }: RunContext): WorkflowEnd | undefined {
  if (!lease.grant.untrusted || backend.isolates) return undefined;
  return agentError(
    `the ${backend.name} backend does not run untrusted work, for it keeps nothing from it: ` +
      "use an agent whose backend is sandbox or container",
  );
}

function isKept(keep: RunContext["settings"]["keepWorkspaces"], end: WorkflowEnd | undefined): boolean {
  return keep === "always" || (keep === "failed" && end?.state !== WorkflowState.SUCCEEDED);
}

// A file that cannot be closed has its lines all the same.
async function endSpools({ stepRuns }: RunContext): Promise<void> {
  await Promise.allSettled(stepRuns.map(({ log }) => log.spool.end()));
}

function isSame(ref: StepRun["ref"], other: { step: string; try: number } | undefined): boolean {
  return other?.step === ref.step && other.try === ref.try;
}

// As the server's pages and the database call it.
function nameOf(values: DescEnum, value: number): string {
  return values.value[value]?.localName.toLowerCase() ?? String(value);
}
