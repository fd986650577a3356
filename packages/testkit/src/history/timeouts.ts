import { nameOf, type EventFact, type Facts, type WorkflowFact } from "./facts.ts";
import type { Invariant } from "./invariant.ts";
import { eachHistory } from "./transitions.ts";

/** What takes too long ends timed out, and nothing else does. */
export const timeoutsAreTrue: Invariant<Facts> = {
  name: "timeouts-are-true",
  promise: 11,
  description: "A workflow or step that takes longer than its timeout ends timed_out; one that does not, does not.",
  check: ({ workflows, plans }) =>
    workflows.flatMap((workflow) => {
      const plan = plans.get(workflow.id);
      if (!plan) return [];
      const total = plan.steps.reduce((sum, { takesMs }) => sum + takesMs, 0);
      const isTooLong =
        total > workflow.timeoutMs || plan.steps.some(({ takesMs, timeoutMs }) => timeoutMs > 0 && takesMs > timeoutMs);
      const failsBefore = plan.steps.some(({ exitCode }) => exitCode !== 0);
      if (isTooLong && workflow.state === "succeeded") return [`${nameOf(workflow)} took too long and succeeded`];
      if (isTooLong && workflow.state === "failed" && !failsBefore)
        return [`${nameOf(workflow)} took too long and failed`];
      const ran = workflow.endReason === "workflow_timeout" || workflow.endReason === "step_timeout";
      return !isTooLong && ran ? [`${nameOf(workflow)} ended for ${workflow.endReason}, though it is quick`] : [];
    }),
};

/** What waits too long for an agent gives up. */
export const queueTimeoutsHold: Invariant<Facts> = {
  name: "queue-timeouts-hold",
  promise: 11,
  description: "A workflow with a queue timeout that no agent takes ends timed_out, no earlier and only if it has one.",
  check: (facts) =>
    eachHistory(facts, (workflow, events) => {
      const waitMs = facts.plans.get(workflow.id)?.queueTimeoutMs;
      if (waitMs === undefined) return [];
      const gaveUp = workflow.endReason === "queue_timeout";
      const waited = (events.at(-1)?.atMs ?? 0) - workflow.createdMs;
      if (gaveUp && waitMs === 0) return [`${nameOf(workflow)} has no queue timeout and ended for one`];
      if (gaveUp && waited < waitMs) return [`${nameOf(workflow)} ended for its queue timeout after ${waited} ms`];
      if (waitMs === 0 || gaveUp || workflow.state === "canceled") return [];
      return [`${nameOf(workflow)} waited for more than its queue timeout and ended ${workflow.state}`];
    }),
};

/** The server ends what its agent does not. */
export const timeoutsAreEnforced: Invariant<Facts> = {
  name: "timeouts-are-enforced",
  promise: 11,
  description: "No try outlives its timeout by more than TTL/3, while servers are up to see to it.",
  check: (facts) =>
    eachHistory(facts, (workflow, events) =>
      events.filter(({ to }) => to === "running").flatMap((start) => outlived(facts, workflow, start, events)),
    ),
};

function outlived(facts: Facts, workflow: WorkflowFact, start: EventFact, events: readonly EventFact[]): string[] {
  const end = events.find(({ from, epoch }) => from === "running" && epoch === start.epoch);
  if (!end) return [];
  const dueMs = start.atMs + workflow.timeoutMs + facts.ttlMs / 3;
  // An outage of the servers starts the wait anew: a TTL from when they are back.
  const outages = facts.disturbances.filter(({ subject, fromMs }) => isOfServers(subject) && fromMs < end.atMs);
  const backMs = Math.max(...outages.map(({ wellMs }) => wellMs + facts.ttlMs), 0);
  const lateMs = end.atMs - Math.max(dueMs, backMs) - facts.ttlMs / 6 - facts.slackMs;
  if (lateMs <= 0) return [];
  return [`${nameOf(workflow)}, epoch ${start.epoch}: ended ${Math.round(lateMs)} ms later than its timeout allows`];
}

function isOfServers(subject: string): boolean {
  return subject === "all" || subject === "servers" || subject === "replicas";
}
