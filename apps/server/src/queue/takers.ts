import type { KnownAgent } from "./known-agents.ts";
import { slotsOf, type Candidate } from "./pools.ts";
import type { Waiter, Waiters } from "./waiters.ts";

/** A poll in a statement. */
export interface Taking {
  waiter: Waiter;
  agent: KnownAgent;
}

/** The polls of a statement, and its slots: for each the index of its poll. */
export interface Takers {
  takers: Taking[];
  slots: number[];
}

/** The first polls that are still open and have a free slot, at most `max` slots. An agent's polls share its slots. */
export function takersOf(members: readonly Candidate[], waiters: Waiters, max: number): Takers {
  const promised = new Map<string, number>();
  const takers: Taking[] = [];
  const free: number[] = [];
  for (const { waiter, agent } of members) {
    if (takers.length === max) break;
    const before = promised.get(agent.id) ?? 0;
    const slots = Math.min(waiter.question.slots, freeSlots(agent) - before);
    if (slots <= 0 || !waiters.has(waiter)) continue;
    promised.set(agent.id, before + slots);
    takers.push({ waiter, agent });
    free.push(slots);
  }
  return { takers, slots: slotsOf(free, max) };
}

/** How many slots an agent has free, as far as is known; it may have more. */
export function freeSlots({ capacity, held }: KnownAgent): number {
  return capacity - held.size;
}
