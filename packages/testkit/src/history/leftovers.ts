import type { Facts } from "./facts.ts";
import type { Invariant } from "./invariant.ts";

/** Steps leave nothing behind. */
export const nothingIsLeft: Invariant<Facts> = {
  name: "nothing-is-left",
  promise: 9,
  description: "Once all has ended, no process of a step runs on an agent's machine and no workspace is there.",
  check: ({ leftovers }) => [...leftovers],
};
