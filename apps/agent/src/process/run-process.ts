import type { Readable } from "node:stream";
import { delay } from "@groundcrew/rpc";
import type { execa as Execa } from "execa";
import { OutputPump, type OutputSink } from "./output-pump.ts";
import { groupEnded, killMarked, MARKER_VARIABLE, signalGroup } from "./process-tree.ts";
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

/** How a process ended. */
export type ProcessEnd =
  | { kind: "exited"; exitCode: number }
  | { kind: "signaled"; signal: string }
  | { kind: "not_started"; message: string }
  | { kind: "stopped"; cause: StopCause; exitCode?: number; signal?: string };

// How long what is left in the pipes may take to be read once the process has ended, before its heirs are hunted.
const PIPE_CLOSE_MS = 100;
const PIPE_IDLE_MS = 2000;
// A killed process is gone at once, unless the kernel holds on to it.
const KILLED_MS = 1000;

/**
 * Runs a process in a group of its own until it has ended, its whole tree is gone and its output is taken. Throws what
 * a sink or `onStart` throws, once the tree is stopped.
 */
export async function runProcess(options: ProcessOptions): Promise<ProcessEnd> {
  if (options.stop.aborted) return { kind: "stopped", cause: stopCauseOf(options.stop) };
  // Loaded with the first step: an idle agent does without its 15 MB.
  const { execa } = await import("execa");
  const child = spawn(execa, options);
  if (child.pid === undefined) return { kind: "not_started", message: (await child).originalMessage ?? "unknown" };
  const groupId = child.pid;
  const broken = new AbortController();
  const pumps = pumpsOf(child, options);
  const work = Promise.all([...pumps.map((pump) => pump.done), options.onStart?.(groupId)]);
  work.catch((error: unknown) => broken.abort(error));
  const end = await untilExit(child, groupId, options, AbortSignal.any([options.stop, broken.signal]));
  await closeOutputs(pumps, options.marker);
  await work;
  return end;
}

function spawn(execa: typeof Execa, options: ProcessOptions) {
  return execa(options.file, options.args, {
    cwd: options.cwd,
    env: { ...options.env, [MARKER_VARIABLE]: options.marker },
    extendEnv: false,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", options.outputs.fd3 ? "pipe" : "ignore"],
    buffer: false,
    reject: false,
  });
}

type Child = ReturnType<typeof spawn>;

function pumpsOf(child: Child, { outputs }: ProcessOptions): OutputPump[] {
  const sinks = [outputs.stdout, outputs.stderr, outputs.fd3];
  return sinks.flatMap((sink, index) => {
    const source = child.nodeChildProcess.stdio[index + 1] as Readable | null | undefined;
    return source && sink ? [new OutputPump(source, sink)] : [];
  });
}

type Exit = [exitCode: number | null, signal: NodeJS.Signals | null];

async function untilExit(
  child: Child,
  groupId: number,
  { marker, killGraceMs, stop }: ProcessOptions,
  anyStop: AbortSignal,
): Promise<ProcessEnd> {
  const exited = new Promise<Exit>((resolve) =>
    child.nodeChildProcess.once("exit", (exitCode, signal) => resolve([exitCode, signal])),
  );
  const stopping = stopTree(groupId, marker, killGraceMs, anyStop, exited);
  const [exitCode, signal] = await exited;
  const wasStopped = await stopping;
  if (signalGroup(groupId, "SIGKILL")) await groupEnded(groupId, KILLED_MS);
  const how = signal === null ? { exitCode: exitCode ?? 0 } : { signal };
  if (wasStopped) return { kind: "stopped", cause: stopCauseOf(stop), ...how };
  return signal === null ? { kind: "exited", exitCode: exitCode ?? 0 } : { kind: "signaled", signal };
}

/** Waits for the stop or the exit. True when the stop came first; the tree is gone then. */
async function stopTree(
  groupId: number,
  marker: string,
  graceMs: number,
  stop: AbortSignal,
  exited: Promise<unknown>,
): Promise<boolean> {
  const stopped = Promise.withResolvers<true>();
  const onStop = () => stopped.resolve(true);
  stop.addEventListener("abort", onStop);
  if (stop.aborted) onStop();
  const cameFirst = await Promise.race([stopped.promise, exited.then(() => false)]);
  stop.removeEventListener("abort", onStop);
  if (!cameFirst) return false;
  signalGroup(groupId, "SIGTERM");
  // The leader may die at once while its children clean up, so the whole group is waited for.
  await groupEnded(groupId, graceMs);
  signalGroup(groupId, "SIGKILL");
  await killMarked(marker);
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
