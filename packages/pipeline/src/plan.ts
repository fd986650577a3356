/** A pipeline file after its checks: every default filled in, every matrix expanded, in the order of the file. */
export interface PipelinePlan {
  /** The `name` of the first file that has one, else the path of the first file. */
  name: string;
  /** None where `when` leaves all of them out. */
  workflows: WorkflowPlan[];
  /** What is not part of it this time, in the order of the file. */
  leftOut: LeftOut[];
}

/** A workflow, or a cell of its matrix, that this trigger does not start. */
export interface LeftOut {
  /** As it would be named. */
  name: string;
  /** For people. */
  why: string;
}

/** One workflow: what one agent leases. */
export interface WorkflowPlan {
  /** Unique in the plan: the base name, with a matrix followed by the cell, as in `test (node=26, os=linux)`. */
  name: string;
  /** The workflow's key in the file, shared by all cells of its matrix. */
  base: string;
  /** The cell's values by matrix key; empty without a matrix. */
  matrix: Record<string, string>;
  /** The labels an agent must have. */
  labels: Record<string, string>;
  /** Variables of every step: the file's, then the workflow's, then `MATRIX_<KEY>`; the later wins. Computed ones are each step's. */
  env: Record<string, string>;
  timeoutMs: number;
  /** Whether a lost agent's workflow runs again elsewhere or ends. */
  onAgentLost: "requeue" | "fail";
  /** Workflows of this plan that must end first: all cells of each workflow in `depends_on`. */
  dependsOn: DependencyPlan[];
  /** Higher goes first: -100 to 100. Default: 0. */
  priority: number;
  /** How many of a group may run at once. Absent: no limit. */
  concurrency?: ConcurrencyPlan;
  /** How it is tried again by itself. Absent: not at all. */
  retry?: RetryPlan;
  /** It ends when it has waited this long for an agent. 0: it waits for ever. */
  queueTimeoutMs: number;
  /** It waits for an operator's approval before it may run. Default: false. */
  approval: boolean;
  /** Fetches the source into the workspace before the first step. Absent: the workspace starts empty. */
  checkout?: CheckoutPlan;
  /** At least one, in the order they run. */
  steps: StepPlan[];
}

/** How the source is fetched. */
export interface CheckoutPlan {
  /** Commits of history. 0: all. Default: 1. */
  depth: number;
  /** Fetches submodules as well. Default: false. */
  submodules: boolean;
}

/** One step: one subprocess tree. */
export interface StepPlan {
  /** Unique in its workflow; `step N`, counted from 1, where the file gives none. */
  name: string;
  /** What the shell runs, as written: nothing in it is expanded here. */
  run: string;
  shell: "sh" | "bash";
  /** The step's own variables; they win over the workflow's. */
  env: Record<string, string>;
  /** Variables computed when the step starts: an expression by variable. No variable is in `env` or `secrets`, too. */
  computedEnv: Record<string, string>;
  /** Variables that carry secrets: the secret's name by variable. */
  secrets: Record<string, string>;
  /** 0: none but the workflow's. */
  timeoutMs: number;
  /** An expression: the step is skipped where it is not true. Empty: `success()`. */
  condition: string;
  /** Its failure does not fail the workflow. */
  continueOnError: boolean;
  /** A clean-up: it runs after failure, cancel and timeout, too. */
  always: boolean;
  /** How it is tried again by itself. Absent: not at all. */
  retry?: StepRetryPlan;
  /** Neighbours with the same number run side by side. 0: by itself. */
  parallel: number;
  /** It runs on beside the steps that follow and is stopped at the end. */
  service?: ServicePlan;
  /** Names that the step may write to the file `$GROUNDCREW_OUTPUT` as `name=value`. */
  outputs: string[];
  /** Where its JUnit files are: patterns in the workspace. */
  junit: string[];
  /** What is kept of its files once it has ended. */
  artifacts: ArtifactPlan[];
  /** Artifacts of workflows that ended before, fetched before it starts. */
  downloads: DownloadPlan[];
  /** Folders that are fetched before it starts, and stored when it has passed. */
  caches: CachePlan[];
  /** The image of a container backend. Empty: the agent's default. */
  image: string;
}

/** How a step is tried again by itself. */
export interface StepRetryPlan {
  /** How many retries at most, after the first try: 1 to 10. */
  max: number;
  /** The pause before each retry, in milliseconds. Default: 0. */
  backoffMs: number;
}

/** How a service is known to be ready; with neither `run` nor `port` it is at once. */
export interface ServicePlan {
  /** Ready when this command exits with 0. */
  run?: string;
  /** Ready when this TCP port of the loopback interface answers. */
  port?: number;
  /** How long it may take, in milliseconds; then the service has failed. Default: 60 s. */
  timeoutMs: number;
}

/** Files that are kept. */
export interface ArtifactPlan {
  /** Unique in the workflow: 1 to 128 of letters, digits, '-', '.', '_'. */
  name: string;
  /** Patterns in the workspace; a folder stands for all in it. */
  paths: string[];
  /** After which end of the step. Default: success. */
  when: "success" | "failure" | "always";
}

/** Files of another workflow. */
export interface DownloadPlan {
  /** The artifact's name. */
  artifact: string;
  /** The workflow that kept it, by its key in the file. Empty: this one, in an earlier step. */
  workflow: string;
  /** The folder in the workspace that they go to. Default: the workspace itself. */
  into: string;
}

/** Folders that are kept from one run to the next. */
export interface CachePlan {
  /** An expression, a text: its name. */
  key: string;
  /** Expressions: names, the first of which that starts a stored one is taken where `key` is not stored. */
  restoreKeys: string[];
  /** Folders or files in the workspace or, with `~/`, in the steps' HOME. */
  paths: string[];
}

/** A workflow that must end first. */
export interface DependencyPlan {
  /** Its name in the plan. */
  name: string;
  /** How it must end. */
  on: DependencyCondition;
}

/** `success`: succeeded; `failure`: failed, timed out or lost; `always`: ended, whichever way. */
export type DependencyCondition = "success" | "failure" | "always";

/** How many of a group may run at once. Groups are shared by all pipelines of one repository. */
export interface ConcurrencyPlan {
  /** 1 to 128 characters. */
  group: string;
  /** 1 to 1,000. Default: 1. */
  limit: number;
  /** What a new one does to a full group: waits, or cancels those that came before. Default: queue. */
  whenFull: "queue" | "cancel_previous";
}

/** How a workflow is tried again by itself. */
export interface RetryPlan {
  /** How many retries at most, after the first try: 1 to 10. */
  max: number;
  /** The pause before the first retry, in milliseconds; doubled for each further one. Default: 10 s. */
  backoffMs: number;
  /** The longest pause, in milliseconds. Default: 5 min. */
  backoffMaxMs: number;
  /** What it is tried again for. Default: all of them, but for `lost` with `on_agent_lost: fail`. */
  on: RetryReason[];
}

/** An end that may be retried: a step failed, it ran past a timeout, its agent was lost or could not do its part. */
export type RetryReason = "failed" | "timed_out" | "lost" | "agent_error";
