import type { StageResult } from "./evaluate.ts";
import { type GatedStage, isGated, type Profile } from "./profile.ts";
import { move } from "./run/move.ts";
import { isEnded, type RunState } from "./run/state.ts";
import { overallVerdict, type RunVerdict } from "./run/verdict.ts";
import type { AgentStageName, ProfiledStageName } from "./stages.ts";

export { overallVerdict, type RunState, type RunVerdict };

/** What is to be done next. */
export type NextStage =
  | { kind: "wait_for_agent" }
  | { kind: "run_stage"; stage: AgentStageName; timeoutMs: number; parameters: Record<string, unknown> }
  | { kind: "server_stage"; stage: "spec_validate" }
  | { kind: "server_stage"; stage: "reporting" }
  | { kind: "hold"; stage: ProfiledStageName; reason: string }
  | { kind: "ended"; verdict: RunVerdict };

/** A run that waits for an agent on its machine. */
export function newRun(profile: Profile): RunState {
  return { profile, at: "waiting", results: [] };
}

/** A run that was claimed: it is at its first stage that is not skipped. */
export function startRun(profile: Profile): RunState {
  return move(newRun(profile), { kind: "claimed" });
}

/** What a run waits for. */
export function nextOf(run: RunState): NextStage {
  if (isEnded(run.at)) return { kind: "ended", verdict: overallVerdict(run) };
  if (run.at === "waiting") return { kind: "wait_for_agent" };
  if (run.at === "spec_validate" || run.at === "reporting") return { kind: "server_stage", stage: run.at };
  if (run.at === "holding") return { kind: "hold", stage: heldBy(run).stage, reason: heldBy(run).reason };
  const { name, timeoutMs, parameters } = gatedStage(run.profile, run.at);
  return { kind: "run_stage", stage: name, timeoutMs, parameters };
}

/**
 * Moves a run past a judged stage, and past the declared skips after it. A required stage that did not pass holds the
 * run where its profile says so; else the stages after it still say more about the machine. Throws when the result is
 * not for the stage the run is at.
 */
export function recordStage(run: RunState, result: StageResult): RunState {
  return move(run, { kind: "judged", result });
}

/** Ends a run whose report has been made: passed on pass or warn, else failed. Throws unless it is at reporting. */
export function finishReporting(run: RunState): RunState {
  return move(run, { kind: "reported" });
}

/** Ends a run before its end. Throws when it has ended already. */
export function cancelRun(run: RunState): RunState {
  return move(run, { kind: "cancel" });
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

function heldBy({ held }: RunState): NonNullable<RunState["held"]> {
  if (held === undefined) throw new Error("the run holds, and does not say for which stage");
  return held;
}

function gatedStage(profile: Profile, name: AgentStageName): GatedStage {
  const stage = profile.stages.filter(isGated).find((stage) => stage.name === name);
  if (stage === undefined) throw new Error(`profile ${profile.name} does not run ${name}`);
  return stage;
}
