import type { LabelClass } from "./classes.ts";
import type { KnownAgent } from "./known-agents.ts";
import type { Lane } from "./lanes.ts";
import type { Profile, Profiles } from "./profiles.ts";
import type { Waiter } from "./waiters.ts";

/** A poll whose agent may be given work. */
export interface Candidate {
  waiter: Waiter;
  agent: KnownAgent;
  profile: Profile;
}

/** Polls that may take from the same lanes: one statement leases for all of them. */
export interface Pool {
  lanes: Lane[];
  members: Candidate[];
  /** There are more members than were asked for. */
  more: boolean;
}

/** A lane with work, and what its class asks for. */
export interface OpenLane {
  lane: Lane;
  wanted: LabelClass;
}

/** What pools are made of. */
interface PoolOptions {
  /** In the order in which they are served. */
  candidates: Iterable<Candidate>;
  open: readonly OpenLane[];
  profiles: Profiles;
  /** The most members of a pool: no more are looked at than may be served. */
  maxMembers: number;
}

/**
 * Groups polls by the lanes that they may take from, in memory: a class is matched once for each profile. The pools,
 * and the polls in them, stay in the order given. Polls that may take nothing are in none.
 */
export function poolsOf({ candidates, open, profiles, maxMembers }: PoolOptions): Pool[] {
  const pools = new Map<string, Pool>();
  const reach = new Map<Profile, Reach>();
  for (const candidate of candidates) {
    const { profile, agent } = candidate;
    const reached = reach.getOrInsertComputed(profile, () => reachOf(profile, open, profiles));
    const { lanes, key } = reached.pinned.get(agent.machineId) ?? reached.anywhere;
    if (lanes.length === 0) continue;
    const pool = pools.getOrInsertComputed(key, () => ({ lanes, members: [], more: false }));
    if (pool.members.length < maxMembers) pool.members.push(candidate);
    else pool.more = true;
  }
  return [...pools.values()];
}

/** The lanes a profile's agents may take from: anywhere, and on the machines that some of the work is pinned to. */
interface Reach {
  anywhere: Reached;
  pinned: Map<string, Reached>;
}

interface Reached {
  lanes: Lane[];
  /** The same for the same lanes. */
  key: string;
}

function reachOf(profile: Profile, open: readonly OpenLane[], profiles: Profiles): Reach {
  const within = open.filter(({ wanted }) => profiles.mayTake(profile, wanted));
  const machines = new Set(within.flatMap(({ wanted }) => wanted.machineId ?? []));
  const at = (machineId: string | null): Reached => {
    const reached = within.filter(({ wanted }) => wanted.machineId === null || wanted.machineId === machineId);
    return {
      lanes: reached.map(({ lane }) => lane),
      key: reached.map(({ wanted, lane }) => keyOf(wanted, lane)).join(),
    };
  };
  return { anywhere: at(null), pinned: new Map([...machines].map((machineId) => [machineId, at(machineId)])) };
}

function keyOf({ id }: LabelClass, { priority }: Lane): string {
  return `${id}/${priority}`;
}

/**
 * The slots of polls, by index, in the order in which they are filled: one of each poll, then the second of each, and so
 * on. So work goes to as many agents as there are, where it starts soonest, and the one idle longest gets the most
 * urgent. At most `max`.
 */
export function slotsOf(free: readonly number[], max: number): number[] {
  const slots: number[] = [];
  let left = free.map((count, index) => ({ count, index }));
  for (let turn = 0; left.length > 0 && slots.length < max; turn++) {
    left = left.filter(({ count }) => count > turn);
    for (const { index } of left) slots.push(index);
  }
  return slots.slice(0, max);
}
