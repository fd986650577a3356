import { readFileSync } from "node:fs";

/** A process that cannot be mistaken for a later one with the same id. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat (man 5 proc_pid_stat). */
  startTicks: string;
}

/** The identity of a process that exists; undefined when it does not, or where there is no /proc. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const fields = statFields(pid);
  const startTicks = fields?.[19];
  // A zombie has ended; only its parent has not asked how yet.
  return startTicks === undefined || fields?.[0] === "Z" ? undefined : { pid, startTicks };
}

/** Whether this very process still runs. */
export function isRunning({ pid, startTicks }: ProcessIdentity): boolean {
  return identifyProcess(pid)?.startTicks === startTicks;
}

/** Whether a process runs and belongs to this process group. */
export function isRunningIn(groupId: number, pid: number): boolean {
  const fields = statFields(pid);
  return fields !== undefined && fields[0] !== "Z" && fields[2] === String(groupId);
}

/** The parent of a process that runs; undefined when it does not. */
export function parentOf(pid: number): number | undefined {
  const fields = statFields(pid);
  return fields === undefined || fields[0] === "Z" ? undefined : Number(fields[1]);
}

// The fields after the command, which stands in parentheses and may hold anything: the state, field 3, comes first.
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
