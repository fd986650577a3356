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
  /** Names of workflows of this plan that must succeed first: all cells of each workflow in `depends_on`. */
  dependsOn: string[];
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
