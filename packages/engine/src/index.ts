export { BACKEND_NAMES, type Backend, type BackendName, type BackendRunOptions } from "./backends/backend.ts";
export { openBackend, type OpenBackendOptions } from "./backends/open-backend.ts";
export { LineSplitter, MAX_LINE_BYTES, type LineRun } from "./logs/line-splitter.ts";
export { MASK, Masker, type MaskedOutput } from "./logs/masker.ts";
export { SECRET_MIN_BYTES } from "./logs/secret-forms.ts";
export type { OutputSink } from "./process/output-pump.ts";
export { identifyProcess, isRunning, type ProcessIdentity } from "./process/process-identity.ts";
export { killMarked, signalGroup } from "./process/process-tree.ts";
export { runProcess } from "./process/run-process.ts";
export type { ProcessEnd, ProcessOptions } from "./process/supervise.ts";
export { describeStop, StopError, stopCauseOf, type StopCause } from "./process/stop-cause.ts";
export { checkout, checkoutSecrets, type CheckoutOptions, type CheckoutSource } from "./workspace/checkout.ts";
export { withQuota } from "./workspace/with-quota.ts";
export { emptyDirectory, removeTree } from "./workspace/remove-tree.ts";
export { keepWorkspace, makeWorkspace, removeWorkspace, type Workspace } from "./workspace/workspace.ts";
export { fetchFiles, type FetchedFiles, type FetchFilesOptions } from "./files/fetch-files.ts";
export type { FileStore } from "./files/file-store.ts";
export { FilesError } from "./files/files-error.ts";
export { FolderStore } from "./files/folder-store.ts";
export { hashFiles } from "./files/hash-files.ts";
export { keepFiles, type KeepFilesOptions } from "./files/keep-files.ts";
export { DEFAULT_LIMITS, type ArchiveLimits } from "./files/limits.ts";
export { unpackArchive, type UnpackOptions } from "./files/unpack.ts";
export { readTestResults, type ReadTestResultsOptions } from "./test-results/read-test-results.ts";
export type { FailedTest, TestCounts, TestResults, TestSuite } from "./test-results/test-results.ts";
export { baseEnvironment } from "./steps/base-environment.ts";
export { planSecrets } from "./steps/plan-secrets.ts";
export { underTimeout } from "./steps/under-timeout.ts";
export {
  agentError,
  noteOf,
  stageReportOf,
  stoppedEnd,
  type BuildEnd,
  type StepEnd,
  type StepReport,
  type WorkflowEnd,
} from "./steps/workflow-end.ts";
