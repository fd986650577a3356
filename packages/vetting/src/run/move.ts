import { skipResult, type StageResult } from "../evaluate.ts";
import { isSkipped, type Profile, type StageProfile } from "../profile.ts";
import type { ProfiledStageName } from "../stages.ts";
import type { Interruption, RunAct, RunEvent, RunEventKind } from "./event.ts";
import { phaseOf, type RunPhase, type RunState } from "./state.ts";
import { overallVerdict } from "./verdict.ts";

/** Which events a run takes, by what it is doing. Everything else is refused: it came too late, or too early. */
export const TAKEN: Readonly<Record<RunPhase, readonly RunEventKind[]>> = {
  waiting: ["claimed", "cancel", "abort"],
  stage: ["claimed", "judged", "interrupted", "cancel", "abort"],
  reporting: ["claimed", "reported", "cancel", "abort"],
  holding: ["claimed", "retry", "waive", "reject", "hold_expired", "cancel", "abort"],
  ended: [],
};

/** An event that does not fit what a run is doing. The message is for people. */
export class RunConflict extends Error {
  override readonly name = "RunConflict";
}

/** A run after an event. Throws {@link RunConflict} for one that does not fit, and changes nothing then. */
export function move(run: RunState, event: RunEvent): RunState {
  if (!TAKEN[phaseOf(run)].includes(event.kind)) throw new RunConflict(refusal(run, event));
  switch (event.kind) {
    case "claimed":
      return run.at === "waiting" ? goOn(run, run.results) : run;
    case "judged":
      return judged(run, event.result);
    case "interrupted":
      return interrupted(run, event.cause, event.detail);
    case "reported":
      return end(run, isGood(overallVerdict(run)) ? "passed" : "failed");
    case "retry":
      return retried(run, event);
    case "waive":
    case "reject":
      return toReporting(withAct(run, { kind: event.kind, reason: event.reason, by: event.by, at: event.at }));
    case "hold_expired":
      return toReporting(run);
    case "cancel":
      return end(run, "canceled");
    case "abort":
      return end(run, "aborted");
    default:
      return event satisfies never;
  }
}

/** A run with one more act of an operator. */
export function withAct(run: RunState, act: RunAct): RunState {
  return { ...run, acts: [...(run.acts ?? []), act] };
}

/** What a stage says whose machine cut it short: it failed, for a machine that does so is not good. */
export function interruptedResult(stage: ProfiledStageName, cause: Interruption, detail: string): StageResult {
  return { stage, verdict: "fail", reasons: [`${cause.replace("_", " ")}: ${detail}`], gates: [] };
}

function refusal({ at }: RunState, event: RunEvent): string {
  if (event.kind === "cancel" || event.kind === "abort") return `the run has ended already: it is ${at}`;
  const what = event.kind === "judged" ? `a result for ${event.result.stage}` : event.kind.replace("_", " ");
  return `the run is at ${at}; ${what} does not fit`;
}

function judged(run: RunState, result: StageResult): RunState {
  if (result.stage !== run.at) {
    throw new RunConflict(`the run is at ${run.at}; a result for ${result.stage} does not fit`);
  }
  return goOn(run, [...run.results, result]);
}

// A machine that is away runs no other stage: an operator looks after it, or the run ends.
function interrupted(run: RunState, cause: Interruption, detail: string): RunState {
  const stage = profiledStage(run);
  const result = interruptedResult(stage, cause, detail);
  const after = goOn(run, [...run.results, result]);
  if (cause === "unexpected_reboot") return after;
  return run.profile.hold ? hold(after, result) : toReporting(after);
}

function retried(run: RunState, event: Extract<RunEvent, { kind: "retry" }>): RunState {
  const { stage, destroyData, confirmSignatures, by, at } = event;
  const before = run.results.find((result) => result.stage === stage);
  if (before === undefined) throw new RunConflict(`stage ${stage} has not run yet, so it cannot be retried`);
  if (before.verdict === "skip")
    throw new RunConflict(`stage ${stage} is skipped by the profile: ${before.reasons[0]}`);
  const replaced = { verdict: before.verdict, reasons: before.reasons };
  const results = run.results.filter((result) => result !== before);
  const overrides = { destroyData, confirmSignatures };
  const { held: _, ...open } = withAct(run, { kind: "retry", stage, ...overrides, replaced, by, at });
  return { ...open, at: stage, results, ...(destroyData.length > 0 && { overrides }) };
}

/** The run with these results: held by one that did not pass, at the next stage that is not skipped, or at its report. */
function goOn(run: RunState, results: readonly StageResult[]): RunState {
  const { profile } = run;
  const { overrides: _, ...rest } = run;
  const done = withSkips(profile, results);
  const bad = profile.hold ? done.find((result) => holds(profile, result)) : undefined;
  if (bad) return hold({ ...rest, results: done }, bad);
  const next = profile.stages.find((stage) => !done.some((result) => result.stage === stage.name));
  return { ...rest, at: next?.name ?? "reporting", results: done };
}

/** In the profile's order, with the declared skips up to the first stage that is still to run. */
function withSkips(profile: Profile, results: readonly StageResult[]): StageResult[] {
  const isDone = ({ name }: StageProfile) => results.some(({ stage }) => stage === name);
  const open = profile.stages.findIndex((stage) => !isSkipped(stage) && !isDone(stage));
  return profile.stages.flatMap((stage, index) => {
    const result = results.find((one) => one.stage === stage.name);
    if (result) return [result];
    return isSkipped(stage) && (open < 0 || index < open) ? [skipResult(stage.name, stage.skip)] : [];
  });
}

function hold(run: RunState, { stage, verdict, reasons }: StageResult): RunState {
  return { ...run, at: "holding", held: { stage, reason: [verdict, reasons[0]].filter(Boolean).join(": ") } };
}

/** Whether a result keeps a machine from passing. */
function holds(profile: Profile, { stage, verdict }: StageResult): boolean {
  const how = profile.stages.find(({ name }) => name === stage);
  return how !== undefined && !isSkipped(how) && how.required && !isGood(verdict);
}

function isGood(verdict: StageResult["verdict"]): boolean {
  return verdict === "pass" || verdict === "warn";
}

// What has not run by now never will; what was not to run at all is still said to be skipped.
function toReporting(run: RunState): RunState {
  const { held: _, ...open } = run;
  const results = run.profile.stages.flatMap((stage) => {
    const result = run.results.find((one) => one.stage === stage.name);
    return result ?? (isSkipped(stage) ? skipResult(stage.name, stage.skip) : []);
  });
  return { ...open, at: "reporting", results };
}

function end(run: RunState, at: Extract<RunState["at"], "passed" | "failed" | "canceled" | "aborted">): RunState {
  const { held: _, overrides: __, ...rest } = run;
  return { ...rest, at };
}

function profiledStage({ at, profile }: RunState): ProfiledStageName {
  const stage = profile.stages.find(({ name }) => name === at);
  if (stage === undefined) throw new RunConflict(`the run is at ${at}, which is no stage of its profile`);
  return stage.name;
}
