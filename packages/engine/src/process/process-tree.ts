import { readdir, readFile } from "node:fs/promises";
import { delay } from "@groundcrew/rpc";
import { identifyProcess, isRunning, isRunningIn, type ProcessIdentity } from "./process-identity.ts";

/** The variable whose value marks every process of a workflow: the workflow's marker, or that and '/' and a step run's. */
export const MARKER_VARIABLE = "GROUNDCREW_MARKER";

// A process may fork while the others are looked at; a tree that outgrows this many looks is a fork bomb.
const MAX_SWEEPS = 10;
const GROUP_LOOK_MS = 20;
// One that the kernel holds on to for longer, as it does for a disk that is stuck, is not waited for.
const DEATH_MS = 1000;

/** Sends a signal to a process group. False when it has no process left. */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch {
    return false;
  }
}

/** Waits until no process of a group runs, for at most `timeoutMs` milliseconds. */
export async function groupEnded(groupId: number, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  // There is no event for it.
  while (performance.now() < deadlineMs && (await groupRuns(groupId))) await delay(GROUP_LOOK_MS);
}

// A group of nothing but zombies can be signaled, but has ended: its parent, often process 1, is slow to take note.
async function groupRuns(groupId: number): Promise<boolean> {
  if (!signalGroup(groupId, 0)) return false;
  const pids = await listProcesses();
  return pids.length === 0 || pids.some((pid) => isRunningIn(groupId, pid));
}

/**
 * Kills every process that carries the marker, or one below it, in its environment, until none is left: those which left
 * their process group (`setsid`) are found as well. Where there is no /proc it finds none.
 */
export async function killMarked(marker: string): Promise<void> {
  const killed: ProcessIdentity[] = [];
  // A process has no environment to read for a moment while it executes another program: one empty look is not enough.
  for (let sweep = 0, empty = 0; sweep < MAX_SWEEPS && empty < 2; sweep++) {
    const found = (await findMarked(marker)).flatMap((pid) => identifyProcess(pid) ?? []);
    empty = found.length === 0 ? empty + 1 : 0;
    for (const { pid } of found) signalProcess(pid, "SIGKILL");
    killed.push(...found);
    if (empty === 1) await delay(GROUP_LOOK_MS);
  }
  await allEnded(killed);
}

// A process that dies has no environment any more, and yet runs until the kernel has taken it down.
async function allEnded(killed: readonly ProcessIdentity[]): Promise<void> {
  const deadlineMs = performance.now() + DEATH_MS;
  while (performance.now() < deadlineMs && killed.some(isRunning)) await delay(GROUP_LOOK_MS);
}

async function findMarked(marker: string): Promise<number[]> {
  const pids = await listProcesses();
  const marked = await Promise.all(pids.map((pid) => isMarked(pid, marker)));
  return pids.filter((pid, index) => marked[index] && pid !== process.pid);
}

/** The ids of all processes; none where there is no /proc. */
export async function listProcesses(): Promise<number[]> {
  const names = await readdir("/proc").catch(() => []);
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

async function isMarked(pid: number, marker: string): Promise<boolean> {
  // Processes of other users cannot be read, and are not ours.
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  const variable = `\0${MARKER_VARIABLE}=${marker}`;
  return [`${variable}\0`, `${variable}/`].some((text) => `\0${environment}`.includes(text));
}

/** Sends a signal to a process, if it still runs. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}
