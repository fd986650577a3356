import type { OcpWriter, RunEnd, StageFacts, StageOverrides } from "@groundcrew/vetting";

/** What a stage is given. */
export interface StageContext {
  /** From the profile; the stage checks them itself. */
  parameters: Record<string, unknown>;
  /** What an operator allows this one run of the stage to do. */
  overrides: StageOverrides;
  /** True: the agent's own settings allow it to destroy data, which every override needs besides. */
  destructive: boolean;
  /** What the server knows of the run. */
  facts: StageFacts;
  /**
   * The folder of a try of this stage that was cut short, of the same run and the same boot: a stage that works in
   * segments goes on after those it finds there. Gone once this try has ended. Absent: there is none.
   */
  previous?: string;
  /** Its evidence. The stage starts the record; whoever runs the stage ends it. */
  ocp: OcpWriter;
  /** What the record's start says of the program. */
  program: { name: string; version: string; commandLine: string };
  /** Aborts when the stage shall stop. The stage then stops what it started and throws. */
  signal: AbortSignal;
  /** Writes a line for people. */
  say: (line: string) => void;
}

/** Measures hardware, and leaves evidence in the current folder and on the record. Returns how it went; judges nothing. */
export type Stage = (context: StageContext) => Promise<RunEnd>;

/** The stage did its work. PASS here only means so: the verdict is made from the metrics. */
export const COMPLETE: RunEnd = { status: "COMPLETE", result: "PASS" };
/** The stage could not do its work. */
export const ERROR: RunEnd = { status: "ERROR", result: "NOT_APPLICABLE" };
/** The stage was stopped from outside. */
export const STOPPED: RunEnd = { status: "SKIP", result: "NOT_APPLICABLE" };
/** The machine has nothing of the kind that the stage measures. Whether that is right is the profile's matter. */
export const ABSENT: RunEnd = { status: "SKIP", result: "NOT_APPLICABLE" };
