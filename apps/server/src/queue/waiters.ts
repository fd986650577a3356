import type { Caller } from "../agents/caller.ts";
import type { GrantRow } from "./lease.ts";

/** What a poll asks for. */
export interface Question {
  caller: Caller;
  pollId: string;
  /** At most this many. */
  slots: number;
  /** Labels to match instead of the agent's own. */
  labels: Record<string, string> | undefined;
  /** The poll was asked before: what it was granted then is its answer. */
  again: boolean;
}

/** One call that waits for the answer. */
export interface Ask {
  resolve: (grants: readonly GrantRow[]) => void;
  reject: (error: unknown) => void;
  /** It takes the answer of the next round, whatever it is. */
  immediate: boolean;
  /** It would leave, but the statement that may grant it something was sent: it hears what came of it. */
  leaving: boolean;
}

/** An open poll. Asked again meanwhile, all of its calls get the one answer. */
export interface Waiter {
  readonly key: string;
  question: Question;
  readonly asks: Set<Ask>;
  /** The statement that may grant it something was sent. */
  leasing: boolean;
  /** What the agent holds was read since it last asked: if that leaves no slot, there is none. */
  counted: boolean;
}

/** The polls whose grants are remembered: a repeated one is answered from the database, whatever it says of itself. */
const REMEMBERED_MAX = 20_000;

/** The open polls of this replica. */
export class Waiters {
  readonly #open = new Map<string, Waiter>();
  readonly #byAgent = new Map<string, Set<Waiter>>();
  readonly #remembered = new Set<string>();
  #arrived = new Set<Waiter>();

  get size(): number {
    return this.#open.size;
  }

  /** All open polls, in the order in which they came. */
  all(): Waiter[] {
    return [...this.#open.values()];
  }

  /** The open polls that were asked since this was called last. */
  takeArrived(): Waiter[] {
    const arrived = [...this.#arrived].filter((waiter) => this.has(waiter));
    this.#arrived = new Set();
    return arrived;
  }

  /** Counts an open poll as asked anew: its last round came to nothing. */
  arriveAgain(waiter: Waiter): void {
    if (this.has(waiter)) this.#arrived.add(waiter);
  }

  /** Whether an agent has an open poll. */
  asks(agentId: string): boolean {
    return this.#byAgent.has(agentId);
  }

  /** The open polls of an agent. */
  of(agentId: string): Iterable<Waiter> {
    return this.#byAgent.get(agentId) ?? [];
  }

  /** Whether a poll is still open. */
  has(waiter: Waiter): boolean {
    return this.#open.get(waiter.key) === waiter;
  }

  /** The poll of a question: the one that is open already, asking now for what the newest question asks, or a new one. */
  join(question: Question, ask: Ask): Waiter {
    const key = keyOf(question.caller.agentId, question.pollId);
    const again = question.again || this.#remembered.has(key);
    const waiter = this.#open.getOrInsertComputed(key, () => this.#begin(key, question));
    waiter.question = { ...question, again: again || (waiter.asks.size > 0 && waiter.question.again) };
    waiter.counted = false;
    waiter.asks.add(ask);
    this.#arrived.add(waiter);
    return waiter;
  }

  /** Answers all calls of an open poll and closes it. */
  answer(waiter: Waiter, grants: readonly GrantRow[]): void {
    if (!this.has(waiter)) return;
    if (grants.length > 0) this.#remember(waiter.key);
    this.#close(waiter);
    for (const ask of waiter.asks) ask.resolve(grants);
  }

  /** Lets some calls of an open poll go: without a grant, or with an error. Closes a poll that nobody waits for any more. */
  release(waiter: Waiter, which: (ask: Ask) => boolean, error?: unknown): void {
    if (!this.has(waiter)) return;
    for (const ask of waiter.asks) {
      if (!which(ask)) continue;
      waiter.asks.delete(ask);
      if (error === undefined) ask.resolve([]);
      else ask.reject(error);
    }
    if (waiter.asks.size === 0) this.#close(waiter);
  }

  #begin(key: string, question: Question): Waiter {
    const waiter = { key, question, asks: new Set<Ask>(), leasing: false, counted: false };
    this.#byAgent.getOrInsertComputed(question.caller.agentId, () => new Set()).add(waiter);
    return waiter;
  }

  #close(waiter: Waiter): void {
    const { agentId } = waiter.question.caller;
    const others = this.#byAgent.get(agentId);
    this.#open.delete(waiter.key);
    others?.delete(waiter);
    if (others?.size === 0) this.#byAgent.delete(agentId);
  }

  #remember(key: string): void {
    this.#remembered.delete(key);
    this.#remembered.add(key);
    for (const oldest of this.#remembered) {
      if (this.#remembered.size <= REMEMBERED_MAX) break;
      this.#remembered.delete(oldest);
    }
  }
}

/** The name of a poll. */
export function keyOf(agentId: string, pollId: string): string {
  return `${agentId}/${pollId}`;
}
