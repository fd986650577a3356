import { isTerminal, nameOf, type EventFact, type StoredFacts, type WorkflowFact } from "./facts.ts";
import type { Invariant } from "./invariant.ts";
import { eachHistory } from "./transitions.ts";

/** Children wait for their parents. */
export const dependenciesHold: Invariant<StoredFacts> = {
  name: "dependencies-hold",
  promise: 8,
  description:
    "A workflow is leased only after all it depends on ended as wanted, and is skipped only if one did not. What had " +
    "ended before an operator retried it by itself is decided: that asks for it to run all the same.",
  check: (facts) => {
    const ends = new Map(facts.events.filter(({ to }) => isTerminal(to)).map((event) => [event.workflow, event]));
    return eachHistory(facts, (workflow, events) => [
      ...tooEarly(workflow, events, ends),
      ...wronglySkipped(workflow, ends),
    ]);
  },
};

function tooEarly(
  workflow: WorkflowFact,
  events: readonly EventFact[],
  ends: ReadonlyMap<string, EventFact>,
): string[] {
  const [made] = events;
  const leased = events.find(({ to }) => to === "leased");
  if (!made || !leased) return [];
  return workflow.parents.flatMap(({ id, condition }) => {
    const end = ends.get(id);
    if (end && workflow.retryOf !== null && end.atMs <= made.atMs) return [];
    if (!end || end.atMs > leased.atMs) return [`${nameOf(workflow)} was leased before workflow ${id} ended`];
    if (meets(end.to, condition)) return [];
    return [`${nameOf(workflow)} was leased, though workflow ${id} ended ${end.to} and it wants ${condition}`];
  });
}

function wronglySkipped(workflow: WorkflowFact, ends: ReadonlyMap<string, EventFact>): string[] {
  if (workflow.state !== "skipped") return [];
  const unmet = workflow.parents.some(({ id, condition }) => {
    const end = ends.get(id);
    return end && !meets(end.to, condition);
  });
  return unmet ? [] : [`${nameOf(workflow)} was skipped, though nothing it depends on ended otherwise than wanted`];
}

function meets(state: string, condition: string): boolean {
  if (condition === "always") return true;
  if (condition === "failure") return state === "failed" || state === "timed_out" || state === "lost";
  return state === "succeeded";
}
