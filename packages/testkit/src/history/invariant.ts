/** Something that holds at all times, and how to tell from facts that it did not. */
export interface Invariant<F> {
  /** In kebab case. */
  name: string;
  /** The promise it is part of: its number in the list of promises. */
  promise: number;
  /** One sentence. */
  description: string;
  /** Everything that breaks it, one sentence each. Empty: it held. */
  check: (facts: F) => string[];
}

/** One way in which an invariant was broken. */
export interface Violation {
  invariant: string;
  promise: number;
  message: string;
}

/** Holds facts against invariants. */
export function violationsOf<F>(facts: F, invariants: readonly Invariant<F>[]): Violation[] {
  return invariants.flatMap(({ name, promise, check }) =>
    check(facts).map((message) => ({ invariant: name, promise, message })),
  );
}
