/** What an exploration came to. */
export interface Exploration {
  /** Different states that were seen. */
  states: number;
  /** How the first violation came about, by the fewest steps there are. */
  counterexample?: { steps: string[]; violations: string[] };
}

/** What to explore. */
export interface World<S, Step extends { label: string; state: S }> {
  initial: S;
  /** Everything that can happen in a state. */
  stepsFrom: (state: S) => Step[];
  /** Equal for states that are the same, and only for them. */
  keyOf: (state: S) => string;
  /** What a step breaks. Empty: nothing. */
  judge: (before: S, step: Step) => string[];
}

interface Seen<S> {
  state: S;
  label: string;
  from: Seen<S> | undefined;
}

/** Goes through every state that can be reached, breadth first, until something is broken. */
export function explore<S, Step extends { label: string; state: S }>(world: World<S, Step>): Exploration {
  const { initial, stepsFrom, keyOf, judge } = world;
  const known = new Set([keyOf(initial)]);
  let frontier: Seen<S>[] = [{ state: initial, label: "", from: undefined }];
  while (frontier.length > 0) {
    const reached: Seen<S>[] = [];
    for (const from of frontier) {
      for (const step of stepsFrom(from.state)) {
        const seen = { state: step.state, label: step.label, from };
        const violations = judge(from.state, step);
        if (violations.length > 0) return { states: known.size, counterexample: { steps: pathTo(seen), violations } };
        const key = keyOf(step.state);
        if (known.has(key)) continue;
        known.add(key);
        reached.push(seen);
      }
    }
    frontier = reached;
  }
  return { states: known.size };
}

function pathTo<S>(seen: Seen<S>): string[] {
  const steps: string[] = [];
  for (let at: Seen<S> | undefined = seen; at?.from; at = at.from) steps.unshift(at.label);
  return steps;
}
