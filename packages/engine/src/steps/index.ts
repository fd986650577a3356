// Apart from the rest of the package, for it loads the language of expressions: an idle agent does without.
export { runSteps, type RunStepsOptions } from "./run-steps.ts";
export { StoredFiles, type StoredFilesOptions } from "./stored-files.ts";
export type { StepFiles, FetchStepFilesOptions } from "./step-files.ts";
export type { FetchSourceOptions, StepHost, StepLogWriter, StepProcess, StepRunHost } from "./step-host.ts";
