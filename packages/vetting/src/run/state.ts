import type { StageResult } from "../evaluate.ts";
import type { Profile } from "../profile.ts";
import type { StageOverrides } from "../stage-facts.ts";
import type { ProfiledStageName, StageName } from "../stages.ts";
import type { RunAct } from "./event.ts";

/** How a run has ended. */
const RUN_ENDS = ["passed", "failed", "canceled", "aborted"] as const;

/** A run that has ended: it never changes again. */
export type RunEndName = (typeof RUN_ENDS)[number];

/** A vetting run. JSON-serialisable; every change makes a new one. */
export interface RunState {
  profile: Profile;
  /** `waiting` for an agent, the stage whose result is awaited, `holding` for an operator, or how the run ended. */
  at: StageName | "waiting" | "holding" | RunEndName;
  /** The newest of each stage that was done or skipped so far, in the profile's order. */
  results: StageResult[];
  /** While it holds: the stage that did not pass, and why, in a line. */
  held?: { stage: ProfiledStageName; reason: string };
  /** What the next run of the stage it is at may do. Gone once that has started. */
  overrides?: StageOverrides;
  /** What operators did, oldest first. */
  acts?: RunAct[];
}

/** What a run can be doing, as far as events care. */
export type RunPhase = "waiting" | "stage" | "reporting" | "holding" | "ended";

/** What a run is doing. */
export function phaseOf({ at }: Pick<RunState, "at">): RunPhase {
  if (at === "waiting" || at === "reporting" || at === "holding") return at;
  return isEnded(at) ? "ended" : "stage";
}

/** True for a run that has ended. */
export function isEnded(at: RunState["at"]): at is RunEndName {
  return (RUN_ENDS as readonly string[]).includes(at);
}
