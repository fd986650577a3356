import { isTerminal, nameOf, type Facts } from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** What was accepted ends. */
export const acceptedEnds: Invariant<Facts> = {
  name: "accepted-ends",
  promise: 1,
  description: "Every workflow whose submission was acknowledged is stored, and has ended once everything is well.",
  check: ({ accepted, workflows }) => {
    const byId = new Map(workflows.map((workflow) => [workflow.id, workflow]));
    return accepted.flatMap(({ pipeline, workflows: ids }) =>
      ids.flatMap((id) => {
        const workflow = byId.get(id);
        if (!workflow) return [`workflow ${id} of pipeline ${pipeline} was accepted and is not stored`];
        return isTerminal(workflow.state) ? [] : [`${nameOf(workflow)} was accepted and is still ${workflow.state}`];
      }),
    );
  },
};

/** What was asked once exists once. */
export const submittedOnce: Invariant<Facts> = {
  name: "submitted-once",
  promise: 1,
  description: "A submission that was repeated because its answer was lost made one pipeline.",
  check: ({ accepted, workflows }) => {
    const known = new Set(accepted.flatMap(({ workflows: ids }) => ids));
    return (
      workflows
        // The answer to a retry may be lost: it has no key to be repeated under.
        .filter(({ id, retryOf }) => !known.has(id) && retryOf === null)
        .map((workflow) => `${nameOf(workflow)} of pipeline ${workflow.pipelineId} is stored, and nobody was told so`)
    );
  },
};

/** Programs outlive what is done to others. */
export const nothingDies: Invariant<Facts> = {
  name: "nothing-dies",
  promise: 3,
  description: "A server or agent ends only when it is told to, or when it is superseded.",
  check: ({ deaths }) => [...deaths],
};
