import type { DependencyPlan, WorkflowPlan } from "@groundcrew/pipeline";
import { WorkflowState } from "@groundcrew/proto";

/** How the workflows of a pipeline ended so far, by name. */
export type Ends = ReadonlyMap<string, { state: WorkflowState }>;

/** The first workflow that waits for no other any more. Workflows that are not among `left` are not waited for. */
export function nextOf(left: readonly WorkflowPlan[]): WorkflowPlan | undefined {
  const waiting = new Set(left.map(({ name }) => name));
  return left.find(({ dependsOn }) => !dependsOn.some(({ name }) => waiting.has(name)));
}

/** Whether those that it depends on ended as it needs. One that is not run at all stands in nobody's way. */
export function mayRun({ dependsOn }: WorkflowPlan, ends: Ends): boolean {
  return dependsOn.every((parent) => holds(parent, ends.get(parent.name)?.state));
}

function holds({ on }: DependencyPlan, state: WorkflowState | undefined): boolean {
  if (state === undefined) return true;
  switch (on) {
    case "always":
      return true;
    case "success":
      return state === WorkflowState.SUCCEEDED;
    case "failure":
      return state === WorkflowState.FAILED || state === WorkflowState.TIMED_OUT;
    default:
      return on satisfies never;
  }
}
