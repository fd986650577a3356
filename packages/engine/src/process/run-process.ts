import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { execa as Execa } from "execa";
import { groupEnded, killMarked, MARKER_VARIABLE, signalGroup } from "./process-tree.ts";
import { stopCauseOf } from "./stop-cause.ts";
import { supervise, type Launched, type ProcessEnd, type ProcessExit, type ProcessOptions } from "./supervise.ts";

// A killed process is gone at once, unless the kernel holds on to it.
const KILLED_MS = 1000;

/**
 * Runs a process in a group of its own until it has ended, its whole tree is gone and its output is taken. Children
 * that left the group are found by the marker in their environment. Throws what a sink or `onStart` throws, once the
 * tree is stopped.
 */
export async function runProcess(options: ProcessOptions): Promise<ProcessEnd> {
  if (options.stop.aborted) return { kind: "stopped", cause: stopCauseOf(options.stop) };
  const launched = await launchInGroup(options);
  return "kind" in launched ? launched : supervise(launched, options);
}

/** Starts a process in a group of its own, for `supervise`. */
export async function launchInGroup(
  options: ProcessOptions,
): Promise<Launched | { kind: "not_started"; message: string }> {
  // Loaded with the first step: an idle agent does without its 15 MB.
  const { execa } = await import("execa");
  const child = spawn(execa, options);
  if (child.pid === undefined) return { kind: "not_started", message: (await child).originalMessage ?? "unknown" };
  return groupOf(child.nodeChildProcess, child.pid, options.marker);
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

function groupOf(child: ChildProcess, groupId: number, marker: string): Launched {
  let terminated = false;
  return {
    groupId,
    sources: child.stdio.slice(1, 4) as (Readable | null)[],
    exited: exitOf(child),
    terminate: async () => {
      terminated = true;
      signalGroup(groupId, "SIGTERM");
    },
    ended: (timeoutMs) => groupEnded(groupId, timeoutMs),
    kill: async () => {
      if (signalGroup(groupId, "SIGKILL")) await groupEnded(groupId, KILLED_MS);
      if (terminated) await killMarked(marker);
    },
  };
}

async function exitOf(child: ChildProcess): Promise<ProcessExit> {
  const [exitCode, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return signal === null ? { kind: "exited", exitCode: exitCode ?? 0 } : { kind: "signaled", signal };
}
