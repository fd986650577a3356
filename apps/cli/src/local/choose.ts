import type { WorkflowPlan } from "@groundcrew/pipeline";
import { usage } from "../failure.ts";

/** Which workflows and steps of a plan are to run. */
export interface Choice {
  /** Keys of the file, or names of cells. Empty: all workflows. */
  workflows: readonly string[];
  /** Names of steps. Empty: all steps. */
  steps: readonly string[];
}

/**
 * The workflows that are to run, in the order of the file: those that are named and what they depend on, or, where
 * steps are named, only those that have them. Fails where a name is nobody's.
 */
export function choose(plan: readonly WorkflowPlan[], { workflows, steps }: Choice): WorkflowPlan[] {
  const named = workflows.length === 0 ? [...plan] : workflows.flatMap((name) => called(plan, name));
  if (steps.length > 0) return withSteps(inOrder(plan, named), steps);
  return inOrder(plan, withParents(plan, named));
}

function called(plan: readonly WorkflowPlan[], name: string): WorkflowPlan[] {
  const found = plan.filter((workflow) => workflow.base === name || workflow.name === name);
  if (found.length > 0) return found;
  throw usage(`there is no workflow ${name}`, `one of: ${plan.map((workflow) => workflow.name).join(", ")}`);
}

function withParents(plan: readonly WorkflowPlan[], named: readonly WorkflowPlan[]): WorkflowPlan[] {
  const chosen = new Set(named);
  // Grows while it is gone through.
  for (const { dependsOn } of chosen) {
    for (const parent of plan) if (dependsOn.some(({ name }) => name === parent.name)) chosen.add(parent);
  }
  return [...chosen];
}

function withSteps(workflows: readonly WorkflowPlan[], names: readonly string[]): WorkflowPlan[] {
  for (const name of names) requireStep(workflows, name);
  return workflows
    .map((workflow) => ({ ...workflow, steps: workflow.steps.filter((step) => names.includes(step.name)) }))
    .filter(({ steps }) => steps.length > 0);
}

function requireStep(workflows: readonly WorkflowPlan[], name: string): void {
  const all = workflows.flatMap(({ steps }) => steps.map((step) => step.name));
  if (!all.includes(name)) throw usage(`there is no step ${name}`, `one of: ${[...new Set(all)].join(", ")}`);
}

function inOrder(plan: readonly WorkflowPlan[], chosen: readonly WorkflowPlan[]): WorkflowPlan[] {
  return plan.filter((workflow) => chosen.includes(workflow));
}
