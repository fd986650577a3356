import { join } from "node:path";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { LogStream, StepState, type EnqueueLogRequest, type NextAction, type StepRunRef } from "@groundcrew/proto";
import { sendLog } from "../logs/send-log.ts";
import { StepLog } from "../logs/step-log.ts";
import type { Log } from "../log.ts";
import { runProcess, type ProcessOptions } from "../process/run-process.ts";
import { StopError } from "../process/stop-cause.ts";
import type { RunContext } from "./run-context.ts";
import type { StepEnd, StepReport } from "./workflow-end.ts";

/** What to run as a step: the rest is the same for all. */
export interface StepCommand extends Pick<ProcessOptions, "file" | "args" | "cwd" | "env"> {
  fd3?: ProcessOptions["outputs"]["fd3"];
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
  static async open(run: RunContext, step: string, count: number): Promise<StepRun> {
    const { workflowId, epoch } = run.lease.grant;
    const ref = { workflowId, epoch, step, try: count };
    const log = await StepLog.create({
      directory: join(run.spoolDirectory, String(run.stepRuns.length)),
      header: { ...ref, baseMs: Date.now() },
      signal: run.lease.discarded,
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

  /** Runs a process as this step. A fault of the agent's surroundings becomes an end as well; a lost lease throws. */
  async execute(timeoutMs: number, prepare: () => Promise<StepCommand>): Promise<StepEnd> {
    const { lease, journal, marker, settings } = this.#run;
    const timeout = new AbortController();
    const onTimeout = () => timeout.abort(new StopError({ kind: "step_timeout", timeoutMs }));
    const timer = timeoutMs > 0 ? setTimeout(onTimeout, timeoutMs) : undefined;
    try {
      const { fd3, ...command } = await prepare();
      const stdout = this.log.sink(LogStream.STDOUT);
      const outputs = { stdout, stderr: this.log.sink(LogStream.STDERR), ...(fd3 && { fd3 }) };
      const stop = AbortSignal.any([lease.stopped, timeout.signal]);
      const onStart = (groupId: number) => journal.addGroup(groupId);
      return await runProcess({ ...command, outputs, stop, marker, onStart, killGraceMs: settings.killGraceMs });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#ownLog.error({ err: error }, "the step could not be run");
      return { kind: "agent_error", message };
    } finally {
      clearTimeout(timer);
      lease.discarded.throwIfAborted();
    }
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
    return { step: this.ref.step, try: this.ref.try, lineCount: this.log.spool.lineCount, restLost: this.#restLost };
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
