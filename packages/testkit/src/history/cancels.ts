import { isTerminal, nameOf, type CancelFact, type Facts, type StoredFacts, type WorkflowFact } from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** A cancel that came before the end decides it. */
export const cancelWins: Invariant<StoredFacts> = {
  name: "cancel-wins",
  promise: 5,
  description: "A workflow with a cancel in its row ends canceled, whatever else is said of it.",
  check: ({ workflows }) =>
    workflows
      .filter(({ cancelRequested, state }) => cancelRequested && isTerminal(state) && state !== "canceled")
      .map((workflow) => `${nameOf(workflow)} was asked to cancel and ended ${workflow.state}`),
};

/** A cancel that was acknowledged is never forgotten. */
export const acknowledgedCancels: Invariant<Facts> = {
  name: "acknowledged-cancels",
  promise: 5,
  description: "A workflow that had not ended when its cancel was acknowledged ends canceled.",
  check: ({ workflows, events, cancels }) => {
    const ends = new Map(events.filter(({ to }) => isTerminal(to)).map((event) => [event.workflow, event]));
    return workflows.flatMap((workflow) => {
      const end = ends.get(workflow.id);
      const acked = cancels
        .filter(({ workflows }) => workflows.includes(workflow.id))
        .map(({ ackedMs }) => ackedMs ?? Infinity)
        .filter((ackedMs) => ackedMs > workflow.createdMs);
      if (!end || end.to === "canceled" || !acked.some((ackedMs) => ackedMs < end.atMs)) return [];
      return [`${nameOf(workflow)} ended ${end.to} after its cancel was acknowledged`];
    });
  },
};

/** What is canceled is not given out again. */
export const canceledGoesNowhere: Invariant<Facts> = {
  name: "canceled-goes-nowhere",
  promise: 5,
  description:
    "Once its cancel was acknowledged a workflow is neither queued nor leased again, whatever becomes of its agent.",
  check: ({ workflows, events, cancels }) => {
    const byId = new Map(workflows.map((workflow) => [workflow.id, workflow]));
    return events
      .filter(({ to }) => to === "queued" || to === "leased")
      .filter(({ workflow, atMs }) =>
        cancels.some((cancel) => cancel.workflows.includes(workflow) && isBefore(cancel, atMs)),
      )
      .map(
        ({ workflow, to }) => `${nameOf(byId.get(workflow) ?? { id: workflow, name: "" })} was ${to} after its cancel`,
      );
  },
};

function isBefore({ ackedMs = Infinity }: CancelFact, atMs: number): boolean {
  return ackedMs < atMs;
}

/** Nothing is canceled by itself. */
export const cancelsAreAsked: Invariant<Facts> = {
  name: "cancels-are-asked",
  promise: 5,
  description: "Only what somebody asked to cancel ends canceled.",
  check: ({ workflows, cancels }) => {
    const asked = new Set(cancels.flatMap(({ workflows }) => workflows));
    return workflows
      .filter(
        (workflow) => workflow.state === "canceled" && !asked.has(workflow.id) && !isReplaced(workflow, workflows),
      )
      .map((workflow) => `${nameOf(workflow)} ended canceled, and nobody had asked for it`);
  },
};

/** A newer workflow of the same group may take its place. */
function isReplaced({ id, group }: WorkflowFact, workflows: readonly WorkflowFact[]): boolean {
  if (group === null) return false;
  return workflows.some((other) => other.group === group && BigInt(other.id) > BigInt(id));
}
