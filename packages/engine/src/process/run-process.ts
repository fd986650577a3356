import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { groupEnded, killMarked, MARKER_VARIABLE, signalGroup } from "./process-tree.ts";
import { spawnGroup, type Spawned } from "./spawn-group.ts";
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
  const { file, args, cwd, env, outputs, marker } = options;
  const spawned = await spawnGroup({
    file,
    args,
    cwd,
    env: { ...env, [MARKER_VARIABLE]: marker },
    outputs,
    stdio: ({ stdout, stderr, fd3 }) => ["ignore", stdout, stderr, fd3],
  });
  return "kind" in spawned ? spawned : groupOf(spawned, marker);
}

function groupOf({ child, pid: groupId, sources }: Spawned, marker: string): Launched {
  let terminated = false;
  return {
    groupId,
    sources,
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
