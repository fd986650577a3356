/** A pipeline file after its checks: every default filled in, every matrix expanded, in the order of the file. */
export interface PipelinePlan {
  /** The file's `name`, else its path. */
  name: string;
  workflows: WorkflowPlan[];
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
  /** Variables of every step: the file's, then the workflow's, then `MATRIX_<KEY>`; the later wins. */
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
  /** At least one, in the order they run. */
  steps: StepPlan[];
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
  /** 0: none but the workflow's. */
  timeoutMs: number;
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
