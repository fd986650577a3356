import { nameOf, type EventFact, type Facts } from "./facts.ts";
import type { Invariant } from "./invariant.ts";
import { eachHistory } from "./transitions.ts";

/** Whether a try ended by itself and another follows. */
export function isRetry({ from, to, reason }: EventFact): boolean {
  return from === "running" && (to === "blocked" || to === "queued") && OWN_ENDS.has(reason ?? "");
}

const OWN_ENDS: ReadonlySet<string> = new Set(["step_failed", "step_timeout", "workflow_timeout"]);

/** Retries are used up, and no more than those. */
export const retriesAreUsed: Invariant<Facts> = {
  name: "retries-are-used",
  promise: 1,
  description: "A workflow that fails or takes too long is tried again as often as its policy says, and no more often.",
  check: (facts) =>
    eachHistory(facts, (workflow, events) => {
      const wanted = facts.plans.get(workflow.id)?.retryMax;
      const used = events.filter(isRetry).length;
      const isOver = OWN_ENDS.has(workflow.endReason ?? "");
      if (wanted === undefined || (used <= wanted && (used === wanted || !isOver))) return [];
      return [`${nameOf(workflow)} ended ${workflow.state} after ${used} of ${wanted} retries`];
    }),
};

/** What is to start later starts later. */
export const delaysHold: Invariant<Facts> = {
  name: "delays-hold",
  promise: 12,
  description:
    "A workflow whose start is delayed is leased when that time has passed by the database's clock, not before.",
  check: (facts) =>
    eachHistory(facts, (workflow, events) => {
      const leased = events.find(({ to }) => to === "leased");
      const delayMs = facts.plans.get(workflow.id)?.delayMs ?? 0;
      if (!leased || workflow.retryOf !== null || leased.atMs >= workflow.createdMs + delayMs) return [];
      const early = Math.round(workflow.createdMs + delayMs - leased.atMs);
      return [`${nameOf(workflow)} was leased ${early} ms before the end of its delay`];
    }),
};
