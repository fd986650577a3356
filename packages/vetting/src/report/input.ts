import type { RunState } from "../run.ts";
import type { StageName } from "../stages.ts";

/** A stage that ran. Moments are milliseconds since 1970. */
export interface ReportStage {
  stage: StageName;
  startedAtMs: number;
  finishedAtMs: number;
  /** What it wrote on its evidence channel: the text that was judged. */
  ocp: string;
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
  serverVersion: string;
  agentVersion: string;
  generatedAtMs: number;
}
