import type { StepPlan } from "@groundcrew/proto";

/** The steps in the order they run: neighbours with the same `parallel` number together, every other one by itself. */
export function stepGroups(steps: readonly StepPlan[]): StepPlan[][] {
  const groups: StepPlan[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last && step.parallel !== 0 && last[0]?.parallel === step.parallel) last.push(step);
    else groups.push([step]);
  }
  return groups;
}
