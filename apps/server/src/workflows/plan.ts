import type { StepPlan, Trigger } from "@groundcrew/pipeline";

/** What a workflow runs, as stored. */
export type WorkflowPlanRow =
  | {
      kind: "build";
      env: Record<string, string>;
      steps: StepPlan[];
      /** Absent: stored by a release that did not know of it. */
      trigger?: StoredTrigger;
      matrix?: Record<string, string>;
      /** Absent: the workspace starts empty. */
      checkout?: StoredCheckout;
    }
  | { kind: "vetting"; machineId: string; profile: string };

/** What started a pipeline; which files changed is only asked at planning. */
export type StoredTrigger = Omit<Trigger, "paths">;

/** The source that is fetched before the first step. Credentials are added when it is granted. */
export interface StoredCheckout {
  repository: string;
  commit: string;
  /** The branch or tag that holds it. Empty: the repository's default. */
  ref: string;
  /** Commits of history. 0: all. */
  depth: number;
  submodules: boolean;
}

/** The step run that fetches the source, where a plan has a checkout. No step of a file can have this name. */
export const CHECKOUT_STEP = "(checkout)";
