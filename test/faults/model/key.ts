import type { State } from "./state.ts";

/**
 * Equal for states that are the same but for which agent is which, and only for them. The parts of states are shared, so
 * that each is looked at once.
 */
export function keyOf(state: State): string {
  const [asIs, swapped] = [processesIn(state, SAME), processesIn(state, SWAPPED)];
  if (asIs !== swapped) return keyIn(state, asIs < swapped ? SAME : SWAPPED);
  const [one, other] = [keyIn(state, SAME), keyIn(state, SWAPPED)];
  return one < other ? one : other;
}

/** Parts under one naming of the two agents. */
interface Naming {
  ids: WeakMap<object, number>;
  textOf: (part: object) => string;
  inOrder: <T>(byAgent: readonly T[]) => readonly T[];
}

const SAME: Naming = {
  ids: new WeakMap(),
  textOf: (part) => JSON.stringify(part),
  inOrder: (byAgent) => byAgent,
};

const SWAPPED: Naming = {
  ids: new WeakMap(),
  textOf: (part) => JSON.stringify(part, (name, value) => (name === "agent" && value !== null ? 1 - value : value)),
  inOrder: (byAgent) => byAgent.toReversed(),
};

function processesIn({ processes }: State, naming: Naming): string {
  return naming
    .inOrder(processes)
    .map((process) => idIn(process, naming))
    .join(" ");
}

function keyIn({ db, processes, replicas, requests, answers, left }: State, naming: Naming): string {
  const id = (part: object): number => idIn(part, naming);
  const lists = [db.rows, db.histories, naming.inOrder(processes), replicas].map((list) => list.map(id).join(" "));
  const sets = [requests, answers].map((set) =>
    set
      .map(id)
      .toSorted((a, b) => a - b)
      .join(" "),
  );
  const generations = naming.inOrder(db.generations).join(" ");
  return `${lists.join()};${sets.join()};${id(db.leases)};${generations};${db.upLong};${left.join()}`;
}

const idsByText = new Map<string, number>();

/** A number for a part of a state: the same for equal ones. */
export function idOf(part: object): number {
  return idIn(part, SAME);
}

function idIn(part: object, { ids, textOf }: Naming): number {
  const known = ids.get(part);
  if (known !== undefined) return known;
  const id = idsByText.getOrInsertComputed(textOf(part), () => idsByText.size);
  ids.set(part, id);
  return id;
}
