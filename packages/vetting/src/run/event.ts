import type { StageResult } from "../evaluate.ts";
import type { StageOverrides } from "../stage-facts.ts";
import type { ProfiledStageName } from "../stages.ts";

/** Who did something to a run, and when: ISO 8601 by the database's clock. */
interface Done {
  by: string;
  at: string;
}

/** What an operator did to a run: for the report, and for whoever asks later. */
export type RunAct = Done &
  (
    | (StageOverrides & {
        kind: "retry";
        stage: ProfiledStageName;
        /** What the stage had said before. */
        replaced: Pick<StageResult, "verdict" | "reasons">;
      })
    | { kind: "waive" | "reject"; reason: string }
    | { kind: "cancel_stage"; stage: ProfiledStageName }
    /** The key to the held machine was handed out. */
    | { kind: "key" }
  );

/** Why a stage never came to its end. `unexpected_reboot`: the boot id changed. `hung`: the machine was not heard of. */
export type Interruption = "unexpected_reboot" | "hung";

/** What happens to a run. */
export type RunEvent =
  /** An agent on its machine took it, for the first time or again. */
  | { kind: "claimed" }
  /** The stage it is at was judged. */
  | { kind: "judged"; result: StageResult }
  /** The stage it is at was cut short by its machine; `detail` is for people. */
  | { kind: "interrupted"; cause: Interruption; detail: string }
  /** The report has been made. */
  | { kind: "reported" }
  | (Done & StageOverrides & { kind: "retry"; stage: ProfiledStageName })
  | (Done & { kind: "waive" | "reject"; reason: string })
  | { kind: "hold_expired" }
  /** An operator ended it. */
  | { kind: "cancel" }
  /** Its workflow ended without a verdict: out of time, or given up. */
  | { kind: "abort" };

/** The names of the events. */
export type RunEventKind = RunEvent["kind"];
