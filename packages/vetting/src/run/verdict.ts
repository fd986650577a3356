import { isSkipped, type StageProfile } from "../profile.ts";
import type { Verdict } from "../verdict.ts";
import type { RunState } from "./state.ts";

/** What a whole run can say. */
export type RunVerdict = Extract<Verdict, "pass" | "warn" | "fail" | "error">;

/**
 * The verdict over all stages: `fail` if a required stage failed; else `error` if one could not be judged, was stopped
 * or has not run; else `warn` if any stage, required or not, is other than pass or skip; else `pass`. What an operator
 * decided about a held run outweighs it: a waived run says `warn`, a rejected one `fail`.
 */
export function overallVerdict(run: RunState): RunVerdict {
  const decided = run.acts?.findLast(({ kind }) => kind === "waive" || kind === "reject");
  if (decided) return decided.kind === "waive" ? "warn" : "fail";
  const required = run.profile.stages
    .filter((stage) => !isSkipped(stage) && stage.required)
    .map((stage) => verdictOf(run, stage));
  if (required.includes("fail")) return "fail";
  if (required.some((verdict) => verdict !== "pass" && verdict !== "warn")) return "error";
  const untroubled = run.results.every((result) => result.verdict === "pass" || result.verdict === "skip");
  return untroubled ? "pass" : "warn";
}

function verdictOf(run: RunState, stage: StageProfile): Verdict {
  return run.results.find((result) => result.stage === stage.name)?.verdict ?? "error";
}
