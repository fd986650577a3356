import { type Located, stepsOf, valueAt, workflowsOf } from "./located.ts";
import { repeats } from "./repeats.ts";
import type { Finding, Position } from "./problem.ts";
import { dotted } from "./show.ts";

/** The name of a step that has none; `index` counts from 0. */
export function defaultStepName(index: number): string {
  return `step ${index + 1}`;
}

/** Finds steps of one workflow that share a name: everything a step run reports is filed under it. */
export function checkStepNames(roots: readonly Located[]): Finding[] {
  return roots.flatMap(workflowsOf).flatMap(([base, { value }]) => {
    const names = stepsOf(value).map(nameOf);
    return repeats(`${dotted(["workflows", base])}: the step name`, names);
  });
}

/** The name of a step, its place where it has none, and where that stands. */
export function nameOf(step: Located, index: number): { text: string; at: Position } {
  const name = valueAt(step, "name");
  return name?.kind === "text" ? name : { text: defaultStepName(index), at: step.at };
}
