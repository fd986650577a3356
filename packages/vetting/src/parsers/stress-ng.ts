import { asCount, asObject, asObjects } from "./json.ts";
import { asAmount, parseYaml } from "./tool-yaml.ts";

/** The longest text that is read, in UTF-16 units. One stressor's YAML takes about 1,300. */
const MAX_LENGTH = 1024 * 1024;

/** What one run of stress-ng with one kind of stressor measured. */
export interface StressNgMetrics {
  /** Absent: the file does not tell. */
  version?: string;
  cpusOnline?: number;
  bogoOps: number;
  /** By wall-clock time. */
  bogoOpsPerSecond: number;
  /** How long the stressors really ran. A run that was stopped early says so only here. */
  wallClockSeconds: number;
}

/** Reads what `stress-ng --metrics --yaml` wrote. Undefined when it holds no metrics of the stressor. */
export function parseStressNgYaml(text: string, stressor = "cpu"): StressNgMetrics | undefined {
  const document = asObject(parseYaml(text, MAX_LENGTH));
  const metrics = asObjects(document?.["metrics"]).find((metric) => metric["stressor"] === stressor);
  const bogoOps = asAmount(metrics?.["bogo-ops"]);
  const bogoOpsPerSecond = asAmount(metrics?.["bogo-ops-per-second-real-time"]);
  const wallClockSeconds = asAmount(metrics?.["wall-clock-time"]);
  if (bogoOps === undefined || bogoOpsPerSecond === undefined || wallClockSeconds === undefined) return undefined;
  const system = asObject(document?.["system-info"]);
  // From the text: as YAML, version 0.20 is the number 0.2.
  const version = /^ +stress-ng-version: (\S{1,64})$/m.exec(text)?.[1];
  const cpusOnline = asCount(system?.["cpus-online"]);
  return {
    bogoOps,
    bogoOpsPerSecond,
    wallClockSeconds,
    ...(version === undefined ? {} : { version }),
    ...(cpusOnline === undefined ? {} : { cpusOnline }),
  };
}

/** What stress-ng said on standard error. */
export interface StressNgLog {
  /** How many `cpu` stressors it started. Undefined: it never said. */
  instances?: number;
  /** What it reported as failed: each line is one wrong result or one stressor that gave up. */
  failures: string[];
}

/** Reads stress-ng's standard error: `stress-ng: LEVEL: [PID] text`. Other lines are ignored. */
export function parseStressNgLog(text: string): StressNgLog {
  const failures = [...text.matchAll(/^stress-ng: fail: +\[\d+\] (.*)$/gm)].map((line) => (line[1] ?? "").trim());
  const instances = /\bdispatching hogs: (?:.*, )?(\d{1,9}) cpu\b/.exec(text)?.[1];
  return instances === undefined ? { failures } : { instances: Number(instances), failures };
}
