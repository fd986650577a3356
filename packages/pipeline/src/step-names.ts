import { itemsOf, type Located, valueAt, workflowsOf } from "./located.ts";
import { repeats } from "./repeats.ts";
import type { Finding } from "./problem.ts";
import { dotted } from "./show.ts";

/** The name of a step that has none; `index` counts from 0. */
export function defaultStepName(index: number): string {
  return `step ${index + 1}`;
}

/** Finds steps of one workflow that share a name: everything a step run reports is filed under it. */
export function checkStepNames(root: Located): Finding[] {
  return workflowsOf(root).flatMap(([base, { value }]) => {
    const names = itemsOf(valueAt(value, "steps")).map(nameOf);
    return repeats(`${dotted(["workflows", base])}: the step name`, names);
  });
}

function nameOf(step: Located, index: number) {
  const name = valueAt(step, "name");
  return name?.kind === "text" ? name : { text: defaultStepName(index), at: step.at };
}
