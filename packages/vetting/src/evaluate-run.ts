import { judgeStage, skipResult, type StageEvidence, type StageResult } from "./evaluate.ts";
import { isSkipped, type Profile } from "./profile.ts";
import { notCovered, overallVerdict, type RunState, type RunVerdict } from "./run.ts";

/** A run's kept evidence, judged. JSON-serialisable. */
export interface RunResult {
  profile: string;
  verdict: RunVerdict;
  /** One for each stage that the profile speaks about, in order. */
  stages: StageResult[];
  /** What it does not speak for, one a line, with why. */
  notCovered: string[];
}

/** Judges a run's kept evidence by a profile, which need not be the one that it ran with. A stage without any is an error. */
export function evaluateRun(profile: Profile, evidence: ReadonlyMap<string, StageEvidence>): RunResult {
  const stages = profile.stages.map((stage): StageResult => {
    if (isSkipped(stage)) return skipResult(stage.name, stage.skip);
    const kept = evidence.get(stage.name);
    if (kept !== undefined) return judgeStage(stage, kept);
    return { stage: stage.name, verdict: "error", reasons: ["there is no evidence of it"], gates: [] };
  });
  const run: RunState = { profile, at: "reporting", results: stages };
  return { profile: profile.name, verdict: overallVerdict(run), stages, notCovered: notCovered(run) };
}
