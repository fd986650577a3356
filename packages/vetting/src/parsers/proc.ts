/** Reads `MemTotal` from /proc/meminfo, in bytes. Undefined when it is not there. */
export function parseMemTotal(meminfo: string): number | undefined {
  return memField(meminfo, "MemTotal");
}

/** Reads `MemAvailable` from /proc/meminfo, in bytes: what programs can have without swapping. Undefined alike. */
export function parseMemAvailable(meminfo: string): number | undefined {
  return memField(meminfo, "MemAvailable");
}

function memField(meminfo: string, field: string): number | undefined {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d{1,13}) kB$`, "m").exec(meminfo)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** Reads the first CPU's microcode revision from /proc/cpuinfo. Undefined where the kernel tells none. */
export function parseMicrocode(cpuinfo: string): string | undefined {
  return /^microcode\s*:\s*(\S+)$/m.exec(cpuinfo)?.[1];
}

/** Time spent by all CPUs since boot, in clock ticks. */
export interface CpuTime {
  busy: number;
  total: number;
}

/**
 * Reads the first line of /proc/stat. Busy is user, nice, system, irq and softirq; idle, waiting for I/O and stolen by
 * a hypervisor are not. Guest time is part of user and is not added again. Undefined when the line is not there.
 */
export function parseCpuTime(stat: string): CpuTime | undefined {
  return timeOf(/^cpu +([\d ]+)$/m.exec(stat)?.[1] ?? "");
}

/** Reads the line of each CPU in /proc/stat, by its number. */
export function parseCpuTimes(stat: string): ReadonlyMap<number, CpuTime> {
  const lines = [...stat.matchAll(/^cpu(\d{1,6}) +([\d ]+)$/gm)];
  const times = lines.map(([, cpu, fields]) => [Number(cpu), timeOf(fields ?? "")] as const);
  return new Map(times.flatMap(([cpu, time]) => (time === undefined ? [] : [[cpu, time]])));
}

function timeOf(text: string): CpuTime | undefined {
  const fields = text.trim().split(/ +/).map(Number);
  if (fields.length < 4) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields;
  const busy = user + nice + system + irq + softirq;
  return { busy, total: busy + idle + iowait + steal };
}

/** The share of the time between two readings that the CPUs were busy, 0 to 1. Undefined when no time has passed. */
export function busyShare(before: CpuTime, after: CpuTime): number | undefined {
  const total = after.total - before.total;
  return total > 0 ? (after.busy - before.busy) / total : undefined;
}

/** Adds up the `MCE` row of /proc/interrupts: machine check exceptions since boot. Undefined where there is no such row. */
export function parseMachineChecks(interrupts: string): number | undefined {
  const counts = /^ *MCE:((?: +\d{1,15})+)/m.exec(interrupts)?.[1];
  return counts
    ?.trim()
    .split(/ +/)
    .map(Number)
    .reduce((sum, count) => sum + count, 0);
}
