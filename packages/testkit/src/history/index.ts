// What must hold of everything that happened, and how to tell.
export type * from "./facts.ts";
export { violationsOf, type Invariant, type Violation } from "./invariant.ts";
export { INVARIANTS, STORED_INVARIANTS } from "./invariants.ts";
export { readStored } from "./read-stored.ts";
