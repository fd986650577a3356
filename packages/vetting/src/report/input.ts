import type { BaselinePosition } from "../baseline/baseline.ts";
import type { RunState } from "../run.ts";
import type { SensorSample } from "../sensors.ts";
import type { StageName } from "../stages.ts";

/** A stage that ran. Moments are milliseconds since 1970. */
export interface ReportStage {
  stage: StageName;
  startedAtMs: number;
  finishedAtMs: number;
  /** What it wrote on its evidence channel: the text that was judged. */
  ocp: string;
}

/** Something that a person decided about a run: an override, a waiver, a rejection. */
export interface Decision {
  atMs: number;
  who: string;
  /** What was decided, such as `retry with destroy_data SERIAL`. */
  what: string;
  stage?: string;
  why?: string;
}

/** Everything that a report says. Nothing else is looked up: no clock, no file. */
export interface ReportInput {
  runId: string;
  run: RunState;
  /** Absent or empty: not known, and left out. */
  machine: {
    name: string;
    vendor?: string;
    product?: string;
    serial?: string;
    systemUuid?: string;
    boardSerial?: string;
    macs?: readonly string[];
  };
  /** The stages that ran, in order. */
  stages: readonly ReportStage[];
  /** The kept files. The digest is in hexadecimal. */
  evidence: readonly { stage: StageName; name: string; size: number; sha256: string }[];
  /** Sensor readings from claim to end, oldest first; the server keeps them few enough to draw. */
  samples?: readonly SensorSample[];
  /** Overrides, waivers and the like, oldest first. */
  decisions?: readonly Decision[];
  /** Where the machine stands among its like. Absent: not compared. */
  baseline?: readonly BaselinePosition[];
  serverVersion: string;
  agentVersion: string;
  generatedAtMs: number;
}
