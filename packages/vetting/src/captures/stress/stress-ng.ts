import type { Measurement } from "../../ocp/run.ts";
import { type Capture, metric, unreadable } from "../capture.ts";
import { isStressLog, readStressLog, type StressLog } from "./log.ts";
import { readStressYaml, type StressYaml, yamlPart } from "./yaml.ts";

/** A run that ends this much before its time was stopped. */
const COMPLETE_SHARE = 0.95;
/** stress-ng is asked for whole seconds and runs that long or a little longer; one that is stopped ends anywhere. */
const WHOLE_SECOND_SLACK = 0.25;

/** Which stressors' output is asked for, and under which name it is measured. */
export interface StressKind {
  prefix: "cpu_stress" | "memory";
  /** Which stressors speak about the part. */
  stressors: RegExp;
}

/** True for output of stress-ng: its YAML, what it says, or both in one file. */
export function isStressNg(text: string): boolean {
  return yamlPart(text) !== undefined || isStressLog(text);
}

/**
 * Reads `stress-ng --metrics --yaml FILE`, what it says on standard error, or both in one file. Its exit code and its
 * "successful run completed" are not asked: stopped half-way it says the same. The YAML tells neither how long it should
 * have run nor whether results were wrong; only its words do.
 */
export function readStressNg(text: string, kind: StressKind): Capture {
  const part = yamlPart(text);
  const log = isStressLog(part?.rest ?? text) ? readStressLog(part?.rest ?? text) : undefined;
  const yaml = part && readStressYaml(part.yaml);
  if (part && !part.isWhole) return unreadable("the YAML of stress-ng is cut off: it has no end");
  if (part && !yaml) return unreadable("the YAML of stress-ng holds no metrics");
  const metrics = (yaml ?? log)?.metrics ?? [];
  const wanted = metrics.filter(({ stressor }) => kind.stressors.test(stressor));
  return {
    measurements: measured(kind, wanted, log, yaml),
    problems: [...problemsOf(log, text), ...nothingDone(kind, metrics, wanted), ...cutShort(wanted, log)],
    notes: log?.failures.slice(0, 5) ?? [],
  };
}

type Row = { stressor: string; bogoOps: number; seconds: number };

function measured(
  { prefix }: StressKind,
  rows: readonly Row[],
  log: StressLog | undefined,
  yaml: StressYaml | undefined,
): Measurement[] {
  const seconds = rows.length === 0 ? undefined : Math.min(...rows.map((row) => row.seconds));
  const share =
    log?.requestedSeconds === undefined || seconds === undefined ? undefined : seconds / log.requestedSeconds;
  const rss = prefix === "memory" ? memoryBytes(rows, log, yaml) : undefined;
  return [
    ...metric(`${prefix}.verify_failures`, log?.failures.length),
    ...metric(`${prefix}.bogo_ops`, rows.length === 0 ? undefined : total(rows.map((row) => row.bogoOps))),
    ...metric(`${prefix}.seconds`, seconds, "s"),
    ...metric(`${prefix}.completed_share`, share),
    // Without its words, nobody knows whether results were compared, or how many were wrong.
    ...metric(`${prefix}.log_given`, Number(log !== undefined)),
    ...metric(`${prefix}.tested_bytes`, rss, "B"),
  ];
}

/** What one instance held at most, times the instances. */
function memoryBytes(
  rows: readonly Row[],
  log: StressLog | undefined,
  yaml: StressYaml | undefined,
): number | undefined {
  const row = yaml?.metrics.find(({ stressor }) => rows.some((each) => each.stressor === stressor));
  const instances = log?.dispatched.find(({ stressor }) => stressor === row?.stressor)?.instances;
  if (row?.maxRssKiB === undefined) return undefined;
  return row.maxRssKiB * 1024 * (instances ?? 1);
}

function problemsOf(log: StressLog | undefined, text: string): string[] {
  if (log === undefined) return [];
  const unended =
    log.ended === undefined
      ? ["stress-ng does not say that its run was completed: it was killed, or the text is cut off"]
      : [];
  const cut = text.endsWith("\n") ? [] : ["its last line has no end: it may be cut off"];
  return [...log.troubles.slice(0, 5).map((words) => `stress-ng: ${words}`), ...unended, ...cut];
}

function nothingDone({ prefix }: StressKind, all: readonly Row[], wanted: readonly Row[]): string[] {
  if (wanted.length === 0) {
    const others = all.map(({ stressor }) => stressor).join(", ");
    return [
      `no stressor of it is a test of ${prefix === "memory" ? "memory" : "CPUs"}${others === "" ? "" : `: ${others}`}`,
    ];
  }
  const idle = wanted.filter(({ bogoOps }) => bogoOps === 0).map(({ stressor }) => stressor);
  return idle.length === 0 ? [] : [`stressor ${idle.join(", ")} did nothing`];
}

function cutShort(rows: readonly Row[], log: StressLog | undefined): string[] {
  if (rows.length === 0) return [];
  const seconds = Math.min(...rows.map((row) => row.seconds));
  if (log?.requestedSeconds !== undefined) {
    if (seconds >= log.requestedSeconds * COMPLETE_SHARE) return [];
    return [`it ran for ${seconds} s of ${log.requestedSeconds} s: it was stopped`];
  }
  const over = seconds - Math.floor(seconds);
  if (seconds >= 1 && over <= WHOLE_SECOND_SLACK) return [];
  return [
    `it ran for ${seconds} s and does not say how long it should have: it may have been stopped; give its log too`,
  ];
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
