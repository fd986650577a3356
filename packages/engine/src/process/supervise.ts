import { delay } from "@groundcrew/rpc";
import { OutputPump, type OutputSink } from "./output-pump.ts";
import type { PipeReader } from "./pipe-reader.ts";
import { killMarked } from "./process-tree.ts";
import { stopCauseOf, type StopCause } from "./stop-cause.ts";

/** What to run, and what to do with it. */
export interface ProcessOptions {
  file: string;
  args: readonly string[];
  cwd: string;
  /** The whole environment, but for the marker. */
  env: Record<string, string>;
  /** Marks every process of the tree, so that none escapes. */
  marker: string;
  /** Where the outputs go: fd 1, fd 2, and fd 3 if there is one. */
  outputs: { stdout: OutputSink; stderr: OutputSink; fd3?: OutputSink };
  /** Stops the tree with SIGTERM, then SIGKILL. Its reason is a StopError. */
  stop: AbortSignal;
  /** From SIGTERM to SIGKILL, in milliseconds. */
  killGraceMs: number;
  /** Told the id of the process group once it exists. */
  onStart?: (groupId: number) => Promise<void>;
}

/** How a process ended by itself. */
export type ProcessExit = { kind: "exited"; exitCode: number } | { kind: "signaled"; signal: string };

/** How a process ended. */
export type ProcessEnd =
  | ProcessExit
  | { kind: "not_started"; message: string }
  | { kind: "stopped"; cause: StopCause; exitCode?: number; signal?: string };

/** A process that was started, and the tree below it. */
export interface Launched {
  /** The process group that the agent's own child leads. */
  groupId: number;
  /** Its outputs, in the order of `ProcessOptions.outputs`. */
  sources: readonly PipeReader[];
  /** Resolves when the process itself has ended. Others of its tree may run on. */
  exited: Promise<ProcessExit | { kind: "not_started"; message: string }>;
  /** Sends SIGTERM to the whole tree. */
  terminate(): Promise<void>;
  /** Resolves when the whole tree has ended, or after `timeoutMs` milliseconds. */
  ended(timeoutMs: number): Promise<void>;
  /** Sends SIGKILL to the whole tree; resolves when it is gone. */
  kill(): Promise<void>;
}

// How long what is left in the pipes may take to be read once the process has ended, before its heirs are hunted.
const PIPE_CLOSE_MS = 100;
const PIPE_IDLE_MS = 2000;

/**
 * Sees a process through until it has ended, its whole tree is gone and its output is taken. Throws what a sink or
 * `onStart` throws, once the tree is stopped.
 */
export async function supervise(launched: Launched, options: ProcessOptions): Promise<ProcessEnd> {
  const { outputs, stop, killGraceMs, marker } = options;
  const broken = new AbortController();
  const pumps = pumpsOf(launched.sources, [outputs.stdout, outputs.stderr, outputs.fd3]);
  const work = Promise.all([...pumps.map((pump) => pump.done), options.onStart?.(launched.groupId)]);
  work.catch((error: unknown) => broken.abort(error));
  const wasStopped = await stopOrExit(launched, AbortSignal.any([stop, broken.signal]), killGraceMs);
  await launched.kill();
  const exit = await launched.exited;
  await closeOutputs(pumps, marker);
  await work;
  if (!wasStopped) return exit;
  const { kind: _, ...how } = exit;
  return { kind: "stopped", cause: stopCauseOf(stop), ...("message" in how ? {} : how) };
}

function pumpsOf(sources: Launched["sources"], sinks: readonly (OutputSink | undefined)[]): OutputPump[] {
  return sinks.flatMap((sink, index) => {
    const source = sources[index];
    return source && sink ? [new OutputPump(source, sink)] : [];
  });
}

/** Waits for the exit or the stop, and after a stop for the tree's own end within the grace. True after a stop. */
async function stopOrExit(launched: Launched, stop: AbortSignal, graceMs: number): Promise<boolean> {
  const stopped = Promise.withResolvers<true>();
  const onStop = () => stopped.resolve(true);
  stop.addEventListener("abort", onStop);
  if (stop.aborted) onStop();
  const cameFirst = await Promise.race([stopped.promise, launched.exited.then(() => false)]);
  stop.removeEventListener("abort", onStop);
  if (!cameFirst) return false;
  await launched.terminate();
  // The leader may die at once while its children clean up, so the whole tree is waited for.
  await launched.ended(graceMs);
  return true;
}

async function closeOutputs(pumps: readonly OutputPump[], marker: string): Promise<void> {
  const closed = Promise.allSettled(pumps.map((pump) => pump.done)).then(() => true);
  const late = delay(PIPE_CLOSE_MS).then(() => false);
  if (await Promise.race([closed, late])) return;
  await killMarked(marker);
  for (const pump of pumps) pump.closeWhenIdle(PIPE_IDLE_MS);
  await closed;
}
