/** What the files of one step run are fetched with. */
export interface FetchStepFilesOptions {
  /** The value of an expression, as a text. Throws where it has none. */
  evaluate: (expression: string) => string;
  signal: AbortSignal;
}

/** The files of one step run: artifacts, caches, test results. */
export interface StepFiles {
  /** Before the step. Throws an error with a message for people where the step cannot run without what is missing. */
  fetch(options: FetchStepFilesOptions): Promise<void>;
  /** After it, whatever its end. Throws an error with a message for people where that fails the step. */
  keep(options: { passed: boolean; signal: AbortSignal }): Promise<void>;
}
