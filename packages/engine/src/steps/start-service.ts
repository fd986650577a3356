import type { Service } from "@groundcrew/proto";
import { StopError } from "../process/stop-cause.ts";
import { finish, type BuildRun } from "./build-run.ts";
import { executeStep, prepareStep, type StepExecution, type StepTry } from "./execute-step.ts";
import { untilReady } from "./readiness.ts";
import { hasPassed, noteOf, type StepEnd } from "./workflow-end.ts";

/** Counts as passed: it serves from now on. */
const READY: StepEnd = { kind: "stopped", cause: { kind: "served" } };

// Enough of what a readiness command prints to see what it misses.
const PROBE_OUTPUT_BYTES = 2048;

/**
 * Starts a service and waits until it is ready; from then on the build's services have it. Otherwise it has ended, and
 * the answer says how. Should it end before it is stopped, the build has failed.
 */
export async function startService(build: BuildRun, tried: StepTry, service: Service): Promise<StepExecution> {
  const own = new AbortController();
  const stop = AbortSignal.any([build.signals.leave, own.signal]);
  const start: Start = { problem: undefined, isReady: false };
  const finished = serve(build, { ...tried, stop }, start);
  const problem = await awaitReady(build, tried, { service, finished }).catch(async (error: unknown) => {
    own.abort(new StopError({ kind: "served" }));
    await finished;
    throw error;
  });
  if (problem === undefined) {
    start.isReady = true;
    build.services.add({ finished, stop: () => own.abort(new StopError({ kind: "served" })) });
    return { end: READY, outputs: {} };
  }
  start.problem = problem;
  own.abort(tried.stop.aborted ? tried.stop.reason : new StopError({ kind: "served" }));
  return { end: await finished, outputs: {} };
}

interface Start {
  isReady: boolean;
  /** Why it is not ready. */
  problem: string | undefined;
}

async function serve(build: BuildRun, tried: StepTry, start: Start): Promise<StepEnd> {
  const { end, tests } = await executeStep(build, tried);
  const judged = judge(end, start);
  if (start.isReady && !hasPassed(judged)) build.results.ended(tried.step, judged);
  await finish(tried.stepRun, judged, tests);
  return judged;
}

// A service that ends by itself has failed, whatever it says: those that need it are still there.
function judge(end: StepEnd, { isReady, problem }: Start): StepEnd {
  if (end.kind === "exited" || end.kind === "signaled") {
    const how = noteOf(end) ?? `exited with code ${end.kind === "exited" ? end.exitCode : ""}`;
    return {
      kind: "failed",
      message: `the service ended before ${isReady ? "the steps that it serves" : "it was ready"}: ${how}`,
    };
  }
  const isOurs = end.kind === "stopped" && end.cause.kind === "served";
  return isOurs && problem !== undefined ? { kind: "failed", message: problem } : end;
}

interface Waiting {
  service: Service;
  finished: Promise<StepEnd>;
}

/** Undefined when it is ready, else why it is not. */
async function awaitReady(
  build: BuildRun,
  tried: StepTry,
  { service, finished }: Waiting,
): Promise<string | undefined> {
  const ended = new AbortController();
  const end = () => ended.abort();
  finished.then(end, end);
  const late = AbortSignal.timeout(service.timeoutMs);
  const signal = AbortSignal.any([tried.stop, ended.signal, late]);
  const probe = new Probe(build, tried, signal);
  try {
    await untilReady({ service, runs: (script) => probe.run(script), signal });
    return undefined;
  } catch (error) {
    if (!signal.aborted) throw error;
    if (late.aborted && !tried.stop.aborted) await probe.noteOutput();
    return `the service was not ready within ${service.timeoutMs / 1000} s`;
  }
}

/** Runs a readiness command where and as the service runs, and keeps the end of what it printed last. */
class Probe {
  readonly #build: BuildRun;
  readonly #tried: StepTry;
  readonly #signal: AbortSignal;
  readonly #number: number;
  #printed = Buffer.alloc(0);

  constructor(build: BuildRun, tried: StepTry, signal: AbortSignal) {
    this.#build = build;
    this.#tried = tried;
    this.#signal = signal;
    this.#number = build.nextNumber();
  }

  async run(script: string): Promise<boolean> {
    const step = { ...this.#tried.step, run: script };
    const command = await prepareStep(this.#build, { ...this.#tried, step, number: this.#number });
    if ("kind" in command) return false;
    this.#printed = Buffer.alloc(0);
    const sink = async (chunk: Uint8Array) => {
      this.#printed = Buffer.concat([this.#printed, chunk]).subarray(-PROBE_OUTPUT_BYTES);
    };
    const outputs = { stdout: sink, stderr: sink };
    const end = await this.#build.host.run({ ...command, outputs, stop: this.#signal });
    // A command that was stopped has not answered.
    this.#signal.throwIfAborted();
    return end.kind === "exited" && end.exitCode === 0;
  }

  async noteOutput(): Promise<void> {
    const text = this.#printed.toString().trimEnd();
    if (text !== "") await this.#tried.stepRun.log.note(`the readiness command said last:\n${text}`);
  }
}
