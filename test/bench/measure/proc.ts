import { readdir, readFile } from "node:fs/promises";

/** What Linux tells of a process. */
export interface ProcessStat {
  pid: number;
  parent: number;
  /** CPU time of its own, in milliseconds. */
  ownMs: number;
  /** CPU time of its children that have ended, in milliseconds. */
  endedChildrenMs: number;
}

/** Linux counts CPU time in hundredths of a second (USER_HZ). */
const TICK_MS = 10;

/** Reads /proc/PID/stat. */
export async function readStat(pid: number): Promise<ProcessStat> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // The program's name, in parentheses, may hold anything; proc_pid_stat(5) counts from 1, with the state third.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid,
    parent: field(4),
    ownMs: (field(14) + field(15)) * TICK_MS,
    endedChildrenMs: (field(16) + field(17)) * TICK_MS,
  };
}

/** CPU time of one process, in milliseconds. */
export async function cpuMs(pid: number): Promise<number> {
  return (await readStat(pid)).ownMs;
}

/** CPU time of a process and all its children, the ended ones included, in milliseconds. */
export async function treeCpuMs(pid: number): Promise<number> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(names.map((name) => readStat(Number(name)).catch(() => undefined)));
  let total = 0;
  for (const stat of stats) {
    if (stat?.pid === pid) total += stat.ownMs + stat.endedChildrenMs;
    else if (stat?.parent === pid) total += stat.ownMs;
  }
  return total;
}

/** Resident memory of a process, in megabytes of 10^6 bytes. */
export function residentMb(pid: number): Promise<number> {
  return memoryMb(pid, /^VmRSS:\s+(\d+) kB$/m);
}

/** The most resident memory that a process ever had, in megabytes of 10^6 bytes. */
export function peakMb(pid: number): Promise<number> {
  return memoryMb(pid, /^VmHWM:\s+(\d+) kB$/m);
}

async function memoryMb(pid: number, field: RegExp): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kilobytes = field.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`the memory of process ${pid} cannot be read from /proc`);
  return (Number(kilobytes) * 1_024) / 1e6;
}
