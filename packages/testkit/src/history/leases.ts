import { isTerminal, nameOf, type EventFact, type LeaseFact, type StoredFacts } from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** Held workflows have one live lease, others none. */
export const oneLiveLease: Invariant<StoredFacts> = {
  name: "one-live-lease",
  promise: 2,
  description: "A workflow that an agent has, has one live lease; any other has none.",
  check: ({ workflows, leases }) => {
    const byWorkflow = Map.groupBy(leases, ({ workflow }) => workflow);
    return workflows.flatMap((workflow) => {
      const live = (byWorkflow.get(workflow.id) ?? []).filter(({ ended }) => !ended).length;
      const wanted = workflow.state === "leased" || workflow.state === "running" ? 1 : 0;
      return live === wanted ? [] : [`${nameOf(workflow)} is ${workflow.state} with ${live} live leases`];
    });
  },
};

/** Each lease is in the history, and each grant of the history is a lease. */
export const grantsAreLeases: Invariant<StoredFacts> = {
  name: "grants-are-leases",
  promise: 2,
  description: "Every time a workflow was leased there is one lease of that epoch, and no other lease exists.",
  check: ({ workflows, events, leases }) => {
    const granted = new Set(events.filter(({ to }) => to === "leased").map(keyOf));
    const kept = new Set(leases.map(keyOf));
    const known = new Set(workflows.map(({ id }) => id));
    return [
      ...[...granted].filter((key) => !kept.has(key)).map((key) => `the lease of workflow ${key} is not kept`),
      ...leases
        .filter((lease) => known.has(lease.workflow) && !granted.has(keyOf(lease)))
        .map((lease) => `workflow ${keyOf(lease)} has a lease that its history does not know`),
    ];
  },
};

/** Only who holds a lease may change what it covers. */
export const holdersAct: Invariant<StoredFacts> = {
  name: "holders-act",
  promise: 2,
  description: "What an agent changed, it changed under a lease of its own.",
  check: ({ events, leases }) => {
    const holders = new Map(leases.map((lease) => [lease.epoch, lease.agent]));
    const agents = new Set(leases.map(({ agent }) => agent));
    return events.filter(isOfHeld).flatMap(({ workflow, from, to, epoch, actor }) => {
      const holder = holders.get(epoch);
      if (!agents.has(actor) || holder === actor) return [];
      return [`${actor} took workflow ${workflow} from ${from} to ${to} under epoch ${epoch}, which is ${holder}'s`];
    });
  },
};

/** Reports belong to leases. */
export const reportsBelong: Invariant<StoredFacts> = {
  name: "reports-belong",
  promise: 2,
  description: "A step run belongs to a lease that was given, and is over once that lease is.",
  check: ({ stepRuns, leases }) => {
    const byEpoch = new Map(leases.map((lease) => [keyOf(lease), lease]));
    return stepRuns.flatMap((run) => {
      const lease = byEpoch.get(keyOf(run));
      const what = `step run ${run.id} (${run.step}) of workflow ${run.workflow}`;
      if (!lease) return [`${what} reports under epoch ${run.epoch}, which nobody was given`];
      const isOpen = run.state === "pending" || run.state === "running";
      return lease.ended && isOpen ? [`${what} is ${run.state}, but its lease has ended`] : [];
    });
  },
};

function isOfHeld({ from, to }: EventFact): boolean {
  return from === "leased" || (from === "running" && (isTerminal(to) || to === "queued" || to === "blocked"));
}

function keyOf({ workflow, epoch }: Pick<LeaseFact, "workflow" | "epoch">): string {
  return `${workflow} under epoch ${epoch}`;
}
