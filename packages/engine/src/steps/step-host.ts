import type { Checkout, LogStream } from "@groundcrew/proto";
import type { OutputSink } from "../process/output-pump.ts";
import type { ProcessEnd, ProcessOptions } from "../process/supervise.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { StepFiles } from "./step-files.ts";
import type { StepEnd, StepReport } from "./workflow-end.ts";

/** The log of one step run. */
export interface StepLogWriter {
  /** Takes one output of a process; a slow log makes the process wait. */
  sink(stream: LogStream): OutputSink;
  /** Adds Groundcrew's own words. */
  note(text: string): Promise<void>;
}

/** One execution of a step, as those see it who wait for its log and its end. */
export interface StepRunHost {
  readonly log: StepLogWriter;
  /** Takes a report. Reports of a build arrive in the order of the calls, and no step waits for them. */
  report(report: StepReport): void;
  /** Ends the log, with a last remark if there is one. */
  endLog(note?: string): Promise<void>;
  /** Told what went wrong with Groundcrew's own part in the step. */
  fault(error: unknown): void;
  /** Surrounds the step's process, and gives it more variables. Absent: it has none. */
  readonly surround?: <T>(use: (variables: Record<string, string>) => Promise<T>) => Promise<T>;
  /** Its artifacts and caches. Absent: it keeps none. */
  readonly files?: StepFiles;
}

/** A process of a step. */
export type StepProcess = Omit<ProcessOptions, "killGraceMs" | "onStart"> & {
  /** The image of a container backend. Empty: its default. */
  image: string;
};

/** What fetches the source is given. */
export interface FetchSourceOptions {
  checkout: Checkout;
  workspace: Workspace;
  log: StepLogWriter;
  marker: string;
  stop: AbortSignal;
}

/** What surrounds a build: the agent with its server, or `crew run` with its terminal. */
export interface StepHost {
  /** In the environment of every process of the build; a step run's own follows it and a '/'. */
  readonly marker: string;
  /** Makes the folders at the first call. */
  workspace(): Promise<Workspace>;
  /** Opens a step run: `count` is 1 and more when the step is tried again. */
  open(step: string, count: number): Promise<StepRunHost>;
  /** Variables of a step beneath those of the plan. */
  variables(step: string): Record<string, string>;
  /** Runs a process until its whole tree has ended. */
  run(process: StepProcess): Promise<ProcessEnd>;
  /** Fetches the source into the workspace. Absent: it is there already. */
  readonly checkout?: (options: FetchSourceOptions) => Promise<StepEnd>;
}
