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

/** The comparison with the specification, which the server does. */
export interface SpecStage {
  name: "spec_validate";
  /** As of {@link GatedStage}. */
  required: boolean;
  /** What a run without a specification skips the stage with. Absent: such a run cannot be judged. */
  withoutSpec?: string;
  /** Default: `spec.differences = 0`. */
  gates: Gate[];
}

export type StageProfile = SkippedStage | GatedStage | SpecStage;

/** How a machine is held whose run did not pass. */
export interface HoldPolicy {
  /** How long an operator has before the run ends failed, in milliseconds. */
  expiresMs: number;
  /** A key is made for the run, which an operator may fetch and the agent lets in. */
  sshKey: boolean;
}

/** How long a machine may be away in a stage before that failed, unless its profile says otherwise: servers boot slowly. */
const ABSENCE_LIMIT_MS = 30 * 60_000;

/** What a good machine is, for one purpose. */
export interface Profile {
  name: string;
  description: string;
  /** Absent: a run that does not pass goes on to its end and fails. */
  hold?: HoldPolicy;
  /** How long the machine may be away in a stage before that failed, in milliseconds. Default: 30 minutes. */
  absenceLimitMs?: number;
  /** The machine is switched off at the end of the run, where its agent allows that. Default: no. */
  powerOff?: boolean;
  /** Every stage but reporting, in a run's order: those of Groundcrew, then those of third parties. */
  stages: StageProfile[];
}

/** The profile as it is for a run that has a specification, or has none: then the comparison may be skipped. */
export function profileFor(profile: Profile, { hasSpec }: { hasSpec: boolean }): Profile {
  if (hasSpec) return profile;
  const stages = profile.stages.map((stage): StageProfile => {
    const why = "withoutSpec" in stage ? stage.withoutSpec : undefined;
    return why === undefined ? stage : { name: stage.name, skip: why };
  });
  return { ...profile, stages };
}

/** True for a stage that the profile leaves out. */
export function isSkipped(stage: StageProfile): stage is SkippedStage {
  return "skip" in stage;
}

/** How long a machine may be away in a stage before that failed, in milliseconds. */
export function absenceLimitOf({ absenceLimitMs = ABSENCE_LIMIT_MS }: Pick<Profile, "absenceLimitMs">): number {
  return absenceLimitMs;
}

/** True for a stage that an agent runs. */
export function isGated(stage: StageProfile): stage is GatedStage {
  return "timeoutMs" in stage;
}
