import { isHeld } from "../../../apps/server/src/workflows/rules.ts";
import { awaits, isCalling } from "./agent.ts";
import { idOf } from "./key.ts";
import type { Replica, State } from "./state.ts";
import { rowOf, type Server } from "./transitions.ts";

/**
 * A state without what can make no difference any more, and with what has no order in one order, so that states that
 * only look different are explored once.
 */
export function normal(before: State, state: State, server: Server): State {
  const { processes, left } = state;
  const sameProcesses = processes === before.processes;
  const sameAnswers = sameProcesses && state.answers === before.answers;
  const sameRequests = sameProcesses && state.requests === before.requests && left === before.left;
  return {
    ...state,
    answers: sameAnswers ? state.answers : asSet(state.answers.filter((each) => awaits(processes[each.agent], each))),
    requests: sameRequests
      ? state.requests
      : asSet(state.requests.filter((each) => left.includes("late") || isCalling(processes[each.agent], each))),
    replicas: replicasOf(state, server),
  };
}

/** A reaper that would find nothing to do has as good as nothing in mind. Replicas are all alike. */
function replicasOf(state: State, { guards }: Server): readonly Replica[] {
  if (state.replicas.every(({ noticed }) => noticed === null)) return state.replicas;
  const left = state.replicas.map(({ noticed }) => {
    if (noticed === null) return { noticed };
    const row = rowOf(state.db, noticed);
    return { noticed: isHeld(row.state) && guards.isStillDue(state.db, row) ? noticed : null };
  });
  return left.toSorted((a, b) => (a.noticed ?? -1) - (b.noticed ?? -1));
}

/** Each item once, in an order of their own. */
function asSet<T extends object>(items: readonly T[]): T[] {
  const byId = new Map(items.map((item) => [idOf(item), item]));
  return [...byId].toSorted(([a], [b]) => a - b).map(([, item]) => item);
}
