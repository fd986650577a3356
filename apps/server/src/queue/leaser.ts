import type { ServerContext } from "../context.ts";
import type { KnownAgents } from "./known-agents.ts";
import { lanesFor, type Lane } from "./lanes.ts";
import { lease, type LeasedRow, type LeaseResult } from "./lease.ts";
import { poolsOf, type Candidate, type Pool } from "./pools.ts";
import type { QueueView } from "./queue-view.ts";
import { freeSlots, takersOf, type Taking } from "./takers.ts";
import type { Waiters } from "./waiters.ts";

/**
 * The slots of one statement. It begins with few, as mostly there is little work for many agents; one that fills all its
 * slots is followed by one of more. With many lanes it stays with fewer, as each lane is read that deep.
 */
const SLOTS = { first: 16, growth: 4, max: 512, maxManyLanes: 128 };
const MANY_LANES = 20;

/** What came of it: there is no more to do, there may be at once, or others hold all that was seen. */
export type Outcome = "done" | "more" | "contended";

/** What it works with. */
interface LeaserOptions {
  context: ServerContext;
  waiters: Waiters;
  view: QueueView;
  agents: KnownAgents;
}

/** Leases what is known to be queued to the polls that wait. */
export class Leaser {
  readonly #context: ServerContext;
  readonly #waiters: Waiters;
  readonly #view: QueueView;
  readonly #agents: KnownAgents;
  #slots = SLOTS.first;

  constructor({ context, waiters, view, agents }: LeaserOptions) {
    this.#context = context;
    this.#waiters = waiters;
    this.#view = view;
    this.#agents = agents;
  }

  /** One statement for each pool of polls that may take the same work; usually that is one. */
  async leaseAll(): Promise<Outcome> {
    const open = this.#view.open();
    if (open.length === 0) return "done";
    const { profiles } = this.#agents;
    const pools = poolsOf({ candidates: this.#candidates(), open, profiles, maxMembers: SLOTS.max });
    await this.#countHeld(pools);
    const outcomes = new Set<Outcome>();
    for (const pool of pools) outcomes.add(await this.#leasePool(pool));
    if (outcomes.has("more")) return "more";
    return outcomes.has("contended") ? "contended" : "done";
  }

  /** The polls that may be given work, those of the agent idle longest first. */
  *#candidates(): Generator<Candidate> {
    for (const agent of this.#agents.byIdleness()) {
      if (!agent.ready || this.#view.isPaused(agent.id)) continue;
      for (const waiter of this.#waiters.of(agent.id)) {
        const { caller, labels, again } = waiter.question;
        if (caller.generation !== agent.generation || again) continue;
        if (waiter.counted && freeSlots(agent) <= 0) continue;
        const profile = labels ? this.#agents.profiles.of({ ...agent.profile, labels }) : agent.profile;
        yield { waiter, agent, profile };
      }
    }
  }

  /** Reads again what agents hold that seem to have fewer free slots than they say: a slot is refused by the database. */
  async #countHeld(pools: readonly Pool[]): Promise<void> {
    const unsure = pools
      .flatMap(({ members }) => members)
      .filter(({ waiter, agent }) => !waiter.counted && waiter.question.slots > freeSlots(agent));
    for (const { waiter } of unsure) waiter.counted = true;
    await this.#agents.read(this.#context.db, [...new Set(unsure.map(({ agent }) => agent.id))]);
  }

  /** Leases until every member has what it asked for, or there is no more: each statement serves some or ends a lane. */
  async #leasePool(pool: Pool): Promise<Outcome> {
    for (;;) {
      const all = this.#view.still(pool.lanes);
      const max = all.length > MANY_LANES ? Math.min(this.#slots, SLOTS.maxManyLanes) : this.#slots;
      const { takers, slots } = takersOf(pool.members, this.#waiters, max);
      if (all.length === 0) return "done";
      if (takers.length === 0) return pool.more ? "more" : "done";
      const lanes = lanesFor(all, slots.length, SLOTS.maxManyLanes);
      const result = await this.#lease(takers, slots, lanes);
      this.#deliver(takers, result.leased);
      this.#learn(takers, result);
      this.#view.leasedFrom(lanes, result);
      if (slots.length === max) this.#adapt(result, max);
      const outcome = outcomeOf(result, lanes.length < all.length);
      if (outcome !== "again") return outcome;
    }
  }

  #lease(takers: readonly Taking[], slots: number[], lanes: Lane[]): Promise<LeaseResult> {
    const { db, replica, intervals } = this.#context;
    for (const { waiter } of takers) waiter.leasing = true;
    return lease(db, {
      takers: takers.map(({ waiter: { question } }) => ({ ...question.caller, pollId: question.pollId })),
      slots,
      lanes,
      leaseTtlMs: intervals.leaseTtlMs,
      replica,
    });
  }

  /** The next statement has more slots when this one filled all of its own, and fewer when most stayed empty. */
  #adapt({ leased }: LeaseResult, slots: number): void {
    const wanted = leased.length === slots ? slots * SLOTS.growth : leased.length * 2;
    this.#slots = Math.max(SLOTS.first, Math.min(wanted, SLOTS.max));
  }

  #deliver(takers: readonly Taking[], rows: readonly LeasedRow[]): void {
    const grants = Map.groupBy(rows, ({ taker }) => taker);
    for (const [index, { waiter, agent }] of takers.entries()) {
      waiter.leasing = false;
      const granted = grants.get(index);
      if (granted) {
        this.#agents.granted(agent, granted);
        this.#waiters.answer(waiter, granted);
      } else {
        this.#waiters.release(waiter, ({ leaving }) => leaving);
      }
    }
  }

  #learn(takers: readonly Taking[], { leased, refused }: LeaseResult): void {
    for (const index of refused) {
      const taking = takers[index];
      if (taking) this.#agents.doubt(taking.agent);
      this.#view.outdate();
    }
    for (const { class_id, fair_key } of leased) {
      const pool = this.#view.poolOf(class_id);
      if (pool !== undefined) this.#context.turns.leased(pool, Number(fair_key));
    }
  }
}

/** `partial`: not all lanes with work were in the statement. */
function outcomeOf({ leased, slots, found, refused }: LeaseResult, partial: boolean): Outcome | "again" {
  if (leased.length === 0 && found + refused.length > 0) return "contended";
  // Whoever was refused is read before it is asked for again.
  if (refused.length > 0) return "more";
  return found === slots || leased.length < found || partial ? "again" : "done";
}
