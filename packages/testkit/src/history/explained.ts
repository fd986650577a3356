import type { Facts } from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** A workflow that waits says why. */
export const explanationsAreRight: Invariant<Facts> = {
  name: "explanations-are-right",
  promise: 7,
  description: "The answer to why a workflow waits names what keeps it waiting.",
  check: ({ explained }) =>
    explained.flatMap(({ workflow, reasons, expected }) =>
      expected
        .filter((reason) => !reasons.includes(reason))
        .map((reason) => `workflow ${workflow} waits for ${reason} and says ${reasons.join(", ") || "nothing"}`),
    ),
};
