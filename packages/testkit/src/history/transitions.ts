import { isTerminal, nameOf, type EventFact, type StoredFacts, type WorkflowFact } from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** Where a workflow may go from each state. From the ends, which are not here, nowhere. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  "": ["blocked", "queued"],
  // From blocked to blocked: its approval.
  blocked: ["blocked", "queued", "skipped", "canceled", "timed_out"],
  queued: ["leased", "blocked", "canceled", "timed_out"],
  leased: ["running", "queued", "blocked", "succeeded", "failed", "canceled", "timed_out", "lost"],
  running: ["queued", "blocked", "succeeded", "failed", "canceled", "timed_out", "lost"],
};

/** Where a vetting run may go besides: an operator decides about a held one, and a machine may never come back. */
const EDGES_OF_RUNS: typeof EDGES = { blocked: ["succeeded", "failed"], queued: ["failed"] };

/** A workflow goes from state to state by the edges there are, and stands where its history ends. */
export const transitionsFollow: Invariant<StoredFacts> = {
  name: "transitions-follow",
  promise: 1,
  description: "Every transition follows on the one before, by an edge that exists; an end is never left.",
  check: (facts) => eachHistory(facts, brokenSteps),
};

/** Every end says why. */
export const endsHaveReasons: Invariant<StoredFacts> = {
  name: "ends-have-reasons",
  promise: 1,
  description: "A workflow that has ended says why, in its row and in its history.",
  check: (facts) =>
    eachHistory(facts, (workflow, events) => {
      if (!isTerminal(workflow.state)) return [];
      const last = events.at(-1);
      if (workflow.endReason !== null && last?.reason === workflow.endReason) return [];
      return [
        `${nameOf(workflow)} ended ${workflow.state} for ${workflow.endReason}, its history says ${last?.reason}`,
      ];
    }),
};

/** Epochs only grow, and what is done is done under the current one. */
export const epochsGrow: Invariant<StoredFacts> = {
  name: "epochs-grow",
  promise: 2,
  description:
    "Each lease of a workflow has a higher epoch than the one before; every change is under the current one.",
  check: (facts) => eachHistory(facts, brokenEpochs),
};

/** Calls `look` with each workflow and its events. */
export function eachHistory(
  { workflows, events }: StoredFacts,
  look: (workflow: WorkflowFact, events: readonly EventFact[]) => string[],
): string[] {
  const byWorkflow = Map.groupBy(events, ({ workflow }) => workflow);
  return workflows.flatMap((workflow) => look(workflow, byWorkflow.get(workflow.id) ?? []));
}

function brokenSteps(workflow: WorkflowFact, events: readonly EventFact[]): string[] {
  const broken: string[] = [];
  let at = "";
  for (const event of events) {
    const step = `${nameOf(workflow)}: ${event.from ?? "nothing"} to ${event.to} by ${event.actor}`;
    if ((event.from ?? "") !== at) broken.push(`${step}, but it was ${at || "nothing"}`);
    const edges = [...(EDGES[at] ?? []), ...(workflow.pipelineId === null ? (EDGES_OF_RUNS[at] ?? []) : [])];
    if (!edges.includes(event.to)) broken.push(`${step} is no way to go`);
    at = event.to;
  }
  if (at !== workflow.state)
    broken.push(`${nameOf(workflow)} is ${workflow.state}, but its history ends with ${at || "nothing"}`);
  return broken;
}

function brokenEpochs(workflow: WorkflowFact, events: readonly EventFact[]): string[] {
  const broken: string[] = [];
  let current = 0n;
  for (const event of events) {
    const step = `${nameOf(workflow)}: ${event.from ?? "nothing"} to ${event.to} under epoch ${event.epoch}`;
    const epoch = BigInt(event.epoch);
    if (event.to === "leased" && epoch <= current) broken.push(`${step}, after epoch ${current}`);
    if (event.to !== "leased" && epoch !== current) broken.push(`${step}, but ${current} is current`);
    current = epoch;
  }
  if (current !== BigInt(workflow.epoch))
    broken.push(`${nameOf(workflow)} has epoch ${workflow.epoch}, its history ${current}`);
  return broken;
}
