import type { Measurement } from "../ocp/run.ts";

/** What one tool's output says, by a parser of ours. */
export interface Capture {
  measurements: Measurement[];
  /** Why it cannot be judged, or not all of it. Empty: it was read whole. */
  problems: string[];
  /** What the device says of itself in words; told beside a verdict that is no pass, never decides. */
  notes: string[];
}

/** A measured number. */
export function metric(name: string, value: number | undefined, unit = ""): Measurement[] {
  return value === undefined ? [] : [{ name, value, unit }];
}

/** A capture that says nothing about the hardware, and why. */
export function unreadable(why: string): Capture {
  return { measurements: [], problems: [why], notes: [] };
}
