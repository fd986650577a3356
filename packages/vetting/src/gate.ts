import type { Measurement } from "./ocp/run.ts";
import type { Verdict } from "./verdict.ts";

/** How a gate compares the measured value (left) with its own (right). */
export const OPERATORS = ["=", "!=", "<", "<=", ">", ">="] as const;
export type Operator = (typeof OPERATORS)[number];

/** What a gate that does not hold means: the hardware fell short, deserves a look, or was not measured properly. */
export const SEVERITIES = ["fail", "warn", "error"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What one metric must be. */
export interface Gate {
  /** The metric's name, such as `cpu.threads`. */
  metric: string;
  op: Operator;
  /** In the metric's own unit. */
  value: number;
  /** The verdict when the gate does not hold. */
  severity: Severity;
  /** True: a machine may be unable to measure this; its absence is reported as not covered. False: absence is an error. */
  optional: boolean;
}

/** One gate against what was measured. */
export interface GateResult {
  metric: string;
  /** The value that decided. Absent: not measured. */
  value?: number;
  /** The part that it was measured on, where the metric is one of several parts. */
  part?: string;
  /** Empty when the metric has none. */
  unit: string;
  /** The gate for people, such as `= 0`. */
  gate: string;
  /** `pass`, the gate's severity, `error` (not measured) or `skip` (not measured, and optional). */
  verdict: Extract<Verdict, "pass" | "warn" | "fail" | "error" | "skip">;
  /** For people: what was found and what was wanted. */
  message: string;
}

/** Further parts named in a message. */
const OTHERS_SHOWN = 5;

const COMPARE: Readonly<Record<Operator, (measured: number, wanted: number) => boolean>> = {
  "=": (measured, wanted) => measured === wanted,
  "!=": (measured, wanted) => measured !== wanted,
  "<": (measured, wanted) => measured < wanted,
  "<=": (measured, wanted) => measured <= wanted,
  ">": (measured, wanted) => measured > wanted,
  ">=": (measured, wanted) => measured >= wanted,
};

/**
 * Judges one gate against every measurement of its metric: each must satisfy it, and one that does not decides.
 * `whyAbsent` is what the stage itself said about the metric's absence.
 */
export function judgeGate(gate: Gate, measurements: readonly Measurement[], whyAbsent: string | undefined): GateResult {
  const found = measurements.filter((measurement) => measurement.name === gate.metric);
  const odd = found.find((measurement) => typeof measurement.value !== "number");
  if (odd !== undefined) return unreadable(gate, odd);
  const broken = found.filter((measurement) => !holds(gate, measurement));
  const decisive = broken[0] ?? found.at(-1);
  if (decisive === undefined) return absent(gate, whyAbsent);
  return measured(gate, decisive, broken);
}

function holds(gate: Gate, measurement: Measurement): boolean {
  return COMPARE[gate.op](Number(measurement.value), gate.value);
}

/** `decisive`: the first that does not hold, or any. `broken`: all that do not. */
function measured(gate: Gate, decisive: Measurement, broken: readonly Measurement[]): GateResult {
  const { unit, part } = decisive;
  const value = Number(decisive.value);
  const found = `${gate.metric}${part === undefined ? "" : ` of ${part}`} is ${withUnit(value, unit)}`;
  const message = broken.length === 0 ? found : `${found}${others(broken)}; ${textOf(gate)} is wanted`;
  const verdict = broken.length === 0 ? "pass" : gate.severity;
  return {
    metric: gate.metric,
    value,
    unit,
    ...(part !== undefined && { part }),
    gate: textOf(gate),
    verdict,
    message,
  };
}

/** The further parts that do not hold: an operator wants to pull all bad drives at once. */
function others(broken: readonly Measurement[]): string {
  const parts = broken.slice(1).flatMap(({ part, value, unit }) => (part === undefined ? [] : [{ part, value, unit }]));
  const shown = parts
    .slice(0, OTHERS_SHOWN)
    .map(({ part, value, unit }) => `${withUnit(Number(value), unit)} of ${part}`);
  const rest = parts.length - shown.length;
  return [...shown, ...(rest > 0 ? [`${rest} more`] : [])].map((text) => `, ${text}`).join("");
}

function unreadable(gate: Gate, measurement: Measurement): GateResult {
  const message = `${gate.metric} is ${JSON.stringify(measurement.value)}; a number is wanted`;
  return { metric: gate.metric, unit: measurement.unit, gate: textOf(gate), verdict: "error", message };
}

function absent(gate: Gate, why: string | undefined): GateResult {
  const message = `${gate.metric} was not measured${why === undefined ? "" : `: ${why}`}`;
  return { metric: gate.metric, unit: "", gate: textOf(gate), verdict: gate.optional ? "skip" : "error", message };
}

function textOf(gate: Gate): string {
  return `${gate.op} ${gate.value}`;
}

function withUnit(value: number, unit: string): string {
  return unit === "" ? String(value) : `${value} ${unit}`;
}
