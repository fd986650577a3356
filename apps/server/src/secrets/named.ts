import type { WorkflowPlanRow } from "../workflows/plan.ts";

/** The names of the secrets that the steps of a plan get, each once, in order. */
export function namedSecrets(plan: WorkflowPlanRow): string[] {
  if (plan.kind === "vetting") return [];
  // Plans that an older server stored have no such map.
  const names = plan.steps.flatMap((step: { secrets?: Record<string, string> }) => Object.values(step.secrets ?? {}));
  return names.length === 0 ? names : [...new Set(names)].toSorted();
}
