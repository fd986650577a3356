import type { StepPlan } from "@groundcrew/pipeline";

/** What a workflow runs, as stored. */
export type WorkflowPlanRow =
  | { kind: "build"; env: Record<string, string>; steps: StepPlan[] }
  | { kind: "vetting"; machineId: string; profile: string };
