import type { Gate } from "./gate.ts";
import type { AgentStageName, ProfiledStageName } from "./stages.ts";

/** A stage that is left out, and why: for people, in the report. */
export interface SkippedStage {
  name: ProfiledStageName;
  skip: string;
}

/** A stage that runs. */
export interface GatedStage {
  name: AgentStageName;
  /** True: the run ends failed unless this stage passes or warns. */
  required: boolean;
  /** From the stage's start; then its processes are killed. */
  timeoutMs: number;
  /** Given to the stage as they are. */
  parameters: Record<string, unknown>;
  /** What it must measure. At least one. */
  gates: Gate[];
}

export type StageProfile = SkippedStage | GatedStage;

/** What a good machine is, for one purpose. */
export interface Profile {
  name: string;
  description: string;
  /** Every stage but reporting, in a run's order. */
  stages: StageProfile[];
}

/** True for a stage that the profile leaves out. */
export function isSkipped(stage: StageProfile): stage is SkippedStage {
  return "skip" in stage;
}
