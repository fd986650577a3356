import { parseMachineChecks } from "@groundcrew/vetting";
import { readCount, readNames, readText } from "../sysfs.ts";

/** Something that the machine counts since its start, and that a test should not make grow. */
interface Counter {
  metric: string;
  what: string;
  /** Why it is not there when it is not. */
  whyAbsent: string;
  read(): Promise<number | undefined>;
}

const CPU_FOLDER = "/sys/devices/system/cpu";
const MEMORY_FOLDER = "/sys/devices/system/edac/mc";

/**
 * The counters that are compared before and after. Throttle counts are added up over CPUs, and siblings that share a
 * sensor count the same event, so the sum says whether there was one, not how many.
 */
const COUNTERS: readonly Counter[] = [
  {
    metric: "cpu_stress.throttle_events",
    what: "thermal throttling",
    whyAbsent: `no thermal_throttle counters under ${CPU_FOLDER}`,
    read: () =>
      sumOver(CPU_FOLDER, /^cpu\d+$/, [
        "thermal_throttle/core_throttle_count",
        "thermal_throttle/package_throttle_count",
      ]),
  },
  {
    metric: "cpu_stress.machine_checks",
    what: "machine check exceptions",
    whyAbsent: "no MCE row in /proc/interrupts",
    read: async () => parseMachineChecks((await readText("/proc/interrupts")) ?? ""),
  },
  {
    metric: "cpu_stress.memory_errors_corrected",
    what: "corrected memory errors",
    whyAbsent: `no memory controller under ${MEMORY_FOLDER}`,
    read: () => sumOver(MEMORY_FOLDER, /^mc\d+$/, ["ce_count"]),
  },
  {
    metric: "cpu_stress.memory_errors_uncorrected",
    what: "uncorrected memory errors",
    whyAbsent: `no memory controller under ${MEMORY_FOLDER}`,
    read: () => sumOver(MEMORY_FOLDER, /^mc\d+$/, ["ue_count"]),
  },
];

/** One reading of every counter, by metric. Undefined: this machine does not count it. */
export type CounterReading = ReadonlyMap<string, number | undefined>;

/** Reads every counter. */
export async function readCounters(): Promise<CounterReading> {
  return new Map(await Promise.all(COUNTERS.map(async (counter) => [counter.metric, await counter.read()] as const)));
}

/** How much each counter grew, or why that is not known. */
export function growth(before: CounterReading, after: CounterReading) {
  return COUNTERS.map(({ metric, what, whyAbsent }) => {
    const [first, last] = [before.get(metric), after.get(metric)];
    return first === undefined || last === undefined ? { metric, what, whyAbsent } : { metric, grown: last - first };
  });
}

async function sumOver(folder: string, children: RegExp, files: readonly string[]): Promise<number | undefined> {
  const names = (await readNames(folder))?.filter((name) => children.test(name)) ?? [];
  const paths = names.flatMap((name) => files.map((file) => `${folder}/${name}/${file}`));
  const counts = (await Promise.all(paths.map((path) => readCount(path)))).filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}
