import { skipResult, type StageResult } from "./evaluate.ts";
import { type GatedStage, isSkipped, type Profile, type StageProfile } from "./profile.ts";
import type { AgentStageName, ProfiledStageName, StageName } from "./stages.ts";
import type { Verdict } from "./verdict.ts";

/** A vetting run. JSON-serialisable; every change makes a new one. */
export interface RunState {
  profile: Profile;
  /** The stage whose result is awaited, or how the run ended. */
  at: StageName | "passed" | "failed" | "canceled";
  /** One for each stage done or skipped so far, in order. */
  results: StageResult[];
}

/** What is to be done next. */
export type NextStage =
  | { kind: "run_stage"; stage: AgentStageName; timeoutMs: number; parameters: Record<string, unknown> }
  | { kind: "server_stage"; stage: "reporting" }
  | { kind: "ended"; verdict: RunVerdict };

/** What a whole run can say. */
export type RunVerdict = Extract<Verdict, "pass" | "warn" | "fail" | "error">;

/** A run at its first stage that is not skipped. */
export function startRun(profile: Profile): RunState {
  return advance(profile, []);
}

/** What a run waits for. */
export function nextOf(run: RunState): NextStage {
  if (run.at === "passed" || run.at === "failed" || run.at === "canceled") {
    return { kind: "ended", verdict: overallVerdict(run) };
  }
  if (run.at === "reporting") return { kind: "server_stage", stage: "reporting" };
  const { name, timeoutMs, parameters } = gatedStage(run.profile, run.at);
  return { kind: "run_stage", stage: name, timeoutMs, parameters };
}

/**
 * Moves a run past a judged stage, and past the declared skips after it. A stage that did not pass does not stop the
 * run: the stages after it say more about the machine. Throws when the result is not for the stage the run is at.
 */
export function recordStage(run: RunState, result: StageResult): RunState {
  if (result.stage !== run.at) throw new Error(`the run is at ${run.at}; a result for ${result.stage} does not fit`);
  return advance(run.profile, [...run.results, result]);
}

/** Ends a run whose report has been made: passed on pass or warn, else failed. Throws unless it is at reporting. */
export function finishReporting(run: RunState): RunState {
  if (run.at !== "reporting") throw new Error(`the run is at ${run.at}; only one at reporting can be finished`);
  const verdict = overallVerdict(run);
  return { ...run, at: verdict === "pass" || verdict === "warn" ? "passed" : "failed" };
}

/** Ends a run before its end. Throws when it has ended already. */
export function cancelRun(run: RunState): RunState {
  if (nextOf(run).kind === "ended") throw new Error(`the run has ended already: it is ${run.at}`);
  return { ...run, at: "canceled" };
}

/**
 * The verdict over all stages: `fail` if a required stage failed; else `error` if one could not be judged, was stopped
 * or has not run; else `warn` if any stage, required or not, is other than pass or skip; else `pass`.
 */
export function overallVerdict(run: RunState): RunVerdict {
  const required = run.profile.stages
    .filter((stage) => !isSkipped(stage) && stage.required)
    .map((stage) => verdictOf(run, stage));
  if (required.includes("fail")) return "fail";
  if (required.some((verdict) => verdict !== "pass" && verdict !== "warn")) return "error";
  const untroubled = run.results.every((result) => result.verdict === "pass" || result.verdict === "skip");
  return untroubled ? "pass" : "warn";
}

/** What the run does not speak for, one a line, with why: skipped and unjudged stages, metrics that are not there. */
export function notCovered(run: RunState): string[] {
  return run.profile.stages.flatMap((stage) => {
    const result = run.results.find((result) => result.stage === stage.name);
    if (result === undefined) return [`${stage.name}: has not run`];
    const absent = result.gates
      .filter((gate) => gate.verdict === "skip")
      .map((gate) => (gate.message.startsWith(`${stage.name}.`) ? gate.message : `${stage.name}: ${gate.message}`));
    return [...unjudged(result), ...absent];
  });
}

function unjudged(result: StageResult): string[] {
  const judged = result.verdict === "pass" || result.verdict === "warn" || result.verdict === "fail";
  return judged ? [] : [`${result.stage}: ${result.reasons[0] ?? result.verdict}`];
}

/** The state after these results: at the next stage that is not skipped, each skip on the way recorded. */
function advance(profile: Profile, results: StageResult[]): RunState {
  const next = profile.stages[results.length];
  if (next === undefined) return { profile, at: "reporting", results };
  if (isSkipped(next)) return advance(profile, [...results, skipResult(next.name, next.skip)]);
  return { profile, at: next.name, results };
}

function gatedStage(profile: Profile, name: ProfiledStageName): GatedStage {
  const stage = profile.stages.find((stage) => stage.name === name);
  if (stage === undefined || isSkipped(stage)) throw new Error(`profile ${profile.name} does not run ${name}`);
  return stage;
}

function verdictOf(run: RunState, stage: StageProfile): Verdict {
  return run.results.find((result) => result.stage === stage.name)?.verdict ?? "error";
}
