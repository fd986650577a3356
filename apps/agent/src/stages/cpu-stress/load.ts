import { busyShare, type CpuTime, parseCpuTime, parseCpuTimes } from "@groundcrew/vetting";
import { readText } from "../sysfs.ts";

/** What the CPUs have done since boot: together, and for each package. */
export interface Load {
  all?: CpuTime;
  packages: Record<string, CpuTime>;
}

/** Reads the load. */
export async function readLoad(): Promise<Load> {
  const stat = (await readText("/proc/stat")) ?? "";
  const all = parseCpuTime(stat);
  const packages: Load["packages"] = {};
  for (const [cpu, { busy, total }] of parseCpuTimes(stat)) {
    const id = await readText(`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`);
    if (id === undefined || !/^\d{1,6}$/.test(id)) continue;
    const sum = packages[id] ?? { busy: 0, total: 0 };
    packages[id] = { busy: sum.busy + busy, total: sum.total + total };
  }
  return { ...(all && { all }), packages };
}

/** Which share of the time between two readings the CPUs were busy: a package whose CPUs are parked shows here alone. */
export function loadBetween(before: Load, after: Load): { busy: number | undefined; packages: Record<string, number> } {
  const share = (first: CpuTime | undefined, last: CpuTime | undefined) =>
    first === undefined || last === undefined ? undefined : busyShare(first, last);
  const shares = Object.keys(after.packages).map((id) => [id, share(before.packages[id], after.packages[id])] as const);
  const packages = Object.fromEntries(shares.flatMap(([id, busy]) => (busy === undefined ? [] : [[id, busy]])));
  return { busy: share(before.all, after.all), packages };
}
