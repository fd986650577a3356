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
  /** Empty when the metric has none. */
  unit: string;
  /** The gate for people, such as `= 0`. */
  gate: string;
  /** `pass`, the gate's severity, `error` (not measured) or `skip` (not measured, and optional). */
  verdict: Extract<Verdict, "pass" | "warn" | "fail" | "error" | "skip">;
  /** For people: what was found and what was wanted. */
  message: string;
}

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
  const broken = found.find((measurement) => !holds(gate, measurement));
  const decisive = broken ?? found.at(-1);
  if (decisive === undefined) return absent(gate, whyAbsent);
  return measured(gate, decisive, broken === undefined ? "pass" : gate.severity);
}

function holds(gate: Gate, measurement: Measurement): boolean {
  return COMPARE[gate.op](Number(measurement.value), gate.value);
}

function measured(gate: Gate, measurement: Measurement, verdict: "pass" | Severity): GateResult {
  const value = Number(measurement.value);
  const found = `${gate.metric} is ${withUnit(value, measurement.unit)}`;
  const message = verdict === "pass" ? found : `${found}; ${textOf(gate)} is wanted`;
  return { metric: gate.metric, value, unit: measurement.unit, gate: textOf(gate), verdict, message };
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
