import { join } from "node:path";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  planSecrets,
  type ProcessOptions,
  runProcess,
  type StepEnd,
  type StepReport,
  underTimeout,
} from "@groundcrew/engine";
import { LogStream, StepState, type EnqueueLogRequest, type NextAction, type StepRunRef } from "@groundcrew/proto";
import { sendLog } from "../logs/send-log.ts";
import { StepLog } from "../logs/step-log.ts";
import { withGuard } from "../protection/guard-stage.ts";
import type { Log } from "../log.ts";
import type { RunContext } from "./run-context.ts";

/** What to run as a step: the rest is the same for all. */
export interface StepCommand extends Pick<ProcessOptions, "file" | "args" | "cwd" | "env"> {
  fd3?: ProcessOptions["outputs"]["fd3"];
}

/** What ends a step besides its lease. */
export interface Bounds {
  /** In milliseconds. 0: none. */
  timeoutMs: number;
  stop: AbortSignal;
}

/** Which step, and which try of it. */
export interface StepRunOptions {
  step: string;
  count: number;
}

/** One execution of a step: its process, its reports and its log. */
export class StepRun {
  readonly ref: Pick<StepRunRef, "workflowId" | "epoch" | "step" | "try">;
  readonly log: StepLog;
  readonly #run: RunContext;
  readonly #ownLog: Log;
  readonly #known = Promise.withResolvers<void>();
  readonly #startedMs = Date.now();
  #sequence = 0;
  #restLost = false;
  /** Resolves when the server has acknowledged the whole log; rejects when the lease is lost. */
  #sent: Promise<void>;

  private constructor(run: RunContext, ref: StepRun["ref"], log: StepLog) {
    this.#run = run;
    this.ref = ref;
    this.log = log;
    this.#ownLog = run.log.child({ step: ref.step });
    this.#sent = this.#known.promise.then(() => this.#send(0));
    this.#sent.catch(() => {});
  }

  /** Makes the step run's log, and adds it to the run. */
  static async open(run: RunContext, { step, count }: StepRunOptions): Promise<StepRun> {
    const { workflowId, epoch, plan } = run.lease.grant;
    const ref = { workflowId, epoch, step, try: count };
    const log = await StepLog.create({
      directory: join(run.spoolDirectory, String(run.stepRuns.length)),
      header: { ...ref, baseMs: Date.now() },
      signal: run.lease.discarded,
      secrets: plan.case === "build" ? planSecrets(plan.value) : [...run.settings.secrets],
      limits: run.settings.logLimits,
      onDiskFull: (error) => run.log.warn({ step, reason: error.message }, "the disk is full; the step waits"),
    });
    const stepRun = new StepRun(run, ref, log);
    run.stepRuns.push(stepRun);
    return stepRun;
  }

  /** Reports that it runs. */
  started(): () => Promise<NextAction | undefined> {
    return this.report({ state: StepState.RUNNING });
  }

  /** A report as a call that may be repeated: the sequence is fixed here. Lines are sent once one was answered or refused. */
  report(report: StepReport): () => Promise<NextAction | undefined> {
    const isEnd = report.state !== StepState.RUNNING;
    const request = {
      stepRun: this.ref,
      sequence: ++this.#sequence,
      startedAt: timestampFromMs(this.#startedMs),
      ...(isEnd && { finishedAt: timestampFromMs(Date.now()) }),
      ...report,
    };
    return async () => {
      try {
        const answer = await this.#run.lease.call((client, options) => client.update(request, options));
        return answer.next;
      } finally {
        // Refused as well: the log then meets the refusal itself, and nobody waits for it for ever.
        this.#known.resolve();
      }
    };
  }

  /**
   * Runs a stage's process as this step, guarded so that the agent outlives it. A fault of the agent's surroundings
   * becomes an end as well; a lost lease throws.
   */
  async execute({ timeoutMs, stop: own }: Bounds, prepare: () => Promise<StepCommand>): Promise<StepEnd> {
    const { lease, journal, marker, settings } = this.#run;
    const onFault = (error: unknown) => this.fault(error);
    const stop = AbortSignal.any([lease.stopped, own]);
    const { workflowId, epoch, step, try: count } = this.ref;
    const end = await underTimeout({ timeoutMs, stop, onFault }, async (stop) => {
      const { fd3, ...command } = await prepare();
      const stdout = this.log.sink(LogStream.STDOUT);
      const outputs = { stdout, stderr: this.log.sink(LogStream.STDERR), ...(fd3 && { fd3 }) };
      const onStart = (groupId: number) => journal.addGroup(groupId);
      const { killGraceMs } = settings;
      return withGuard(`${workflowId}-${epoch}-${step}-${count}`, (guard) =>
        runProcess({ ...guard(command), outputs, stop, marker, onStart, killGraceMs }),
      );
    });
    lease.discarded.throwIfAborted();
    return end;
  }

  /** Notes in the agent's own log what kept it from doing its part. */
  fault(error: unknown): void {
    this.#ownLog.error({ err: error }, "the step could not be run");
  }

  /** Ends the log, with a last remark if there is one. */
  async endLog(note?: string): Promise<void> {
    if (note !== undefined) await this.log.note(note);
    await this.log.end();
  }

  /** Resolves once the server has all lines. Rejects when the lease is lost. */
  async flushed(): Promise<void> {
    await this.#sent;
  }

  /** Sends again what the server turns out to lack. */
  resend(fromLine: number): void {
    this.#sent = this.#send(fromLine);
    this.#sent.catch(() => {});
  }

  /** What Done says about the log. */
  lines() {
    const { lineCount, checksum } = this.log.spool;
    const restLost = this.#restLost;
    return { step: this.ref.step, try: this.ref.try, lineCount, restLost, ...(!restLost && { crc32: checksum }) };
  }

  async #send(fromLine: number): Promise<void> {
    const { lease, settings } = this.#run;
    const { logIntervalMs: intervalMs, logBatchMaxBytes: maxBytes } = settings;
    const enqueue = (request: EnqueueLogRequest) => lease.call((client, how) => client.enqueueLog(request, how));
    try {
      await sendLog({ spool: this.log.spool, enqueue, intervalMs, maxBytes, fromLine, signal: lease.discarded });
    } catch (error) {
      lease.discarded.throwIfAborted();
      this.#ownLog.error({ err: error }, "the rest of the step's log cannot be sent and is reported as lost");
      this.#restLost = true;
      this.log.spool.abandon();
    }
  }
}
