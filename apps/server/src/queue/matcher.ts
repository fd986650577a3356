import { setImmediate } from "node:timers/promises";
import { Code, ConnectError } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { KnownAgents } from "./known-agents.ts";
import { grantedBefore, type GrantRow } from "./lease.ts";
import { Leaser, type Outcome } from "./leaser.ts";
import { QueueView } from "./queue-view.ts";
import { type Ask, keyOf, type Question, type Waiter, Waiters } from "./waiters.ts";

/** How often the queue is looked at without a hint while somebody waits, in milliseconds, before jitter. */
const POLL_MS = 3_000;

/** The pause before a round is tried again that failed, or found all of the work in other hands, in milliseconds. */
const RETRY_MS = { failed: { first: 100, max: 5_000 }, contended: { first: 5, max: 500 } };

/** How a call waits. */
export interface Hold {
  /** How long, in milliseconds. 0: it takes what there is. */
  holdMs: number;
  /** The caller's. */
  signal?: AbortSignal;
}

/**
 * Gives queued work to the polls that wait on this replica. Polls wait in memory and cost no statements. A round, of
 * which one is in flight at a time, looks which classes have work, matches the polls against them in memory, and leases
 * for all polls that match the same in one statement. It is had when a hint says that work was queued, when a poll comes
 * in, and every few seconds, which finds what hints did not tell. No session state: it works through any pooler.
 *
 * What it knows only chooses; the statement checks what decides. A round that fails is tried again, and the polls stay.
 */
export class Matcher {
  readonly #context: ServerContext;
  readonly #waiters = new Waiters();
  readonly #view: QueueView;
  readonly #agents: KnownAgents;
  readonly #leaser: Leaser;
  /** The next round looks from the heads of all lanes, and reads again what a lost hint may have left unknown. */
  #doubting = true;
  #woken = false;
  #running = false;
  #failures = 0;
  /** A round failed: none before its timer. */
  #backingOff = false;
  #contentions = 0;
  #pollTimer: NodeJS.Timeout | undefined;
  readonly #unsubscribe: () => void;

  /** Lives until the context's server stops. `now` is a clock in milliseconds. */
  constructor(context: ServerContext, now: () => number = () => performance.now()) {
    const { hints, stopping } = context;
    this.#context = context;
    this.#view = new QueueView(now);
    this.#agents = new KnownAgents({ hints, now, onChange: () => this.#wake() });
    this.#leaser = new Leaser({ context, waiters: this.#waiters, view: this.#view, agents: this.#agents });
    this.#unsubscribe = hints.on("queue", () => this.#onQueued());
    if (stopping.aborted) this.#stop();
    else stopping.addEventListener("abort", () => this.#stop(), { once: true });
  }

  /**
   * What is granted to a poll. Empty when its hold is over, its caller leaves or the server stops. Rejects when the
   * database cannot be asked and the poll takes what there is now, or may have been granted something before.
   */
  ask(question: Question, { holdMs, signal }: Hold): Promise<readonly GrantRow[]> {
    if (this.#context.stopping.aborted || signal?.aborted) return Promise.resolve([]);
    const { promise, resolve, reject } = Promise.withResolvers<readonly GrantRow[]>();
    const ask: Ask = { resolve, reject, immediate: holdMs === 0, leaving: false };
    const waiter = this.#waiters.join(question, ask);
    this.#wake();
    if (holdMs === 0) return promise;
    const leave = (): void => this.#leave(waiter, ask);
    const timer = setTimeout(leave, holdMs);
    signal?.addEventListener("abort", leave, { once: true });
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
    });
  }

  /** Lets all calls of an agent go, and waits for the statement in flight that may grant it something. */
  async dismiss(agentId: string): Promise<void> {
    const open = [...this.#waiters.of(agentId)];
    for (const waiter of open) for (const ask of waiter.asks) this.#leave(waiter, ask);
    await Promise.all(open.filter(({ leasing }) => leasing).map(decided));
  }

  /** Tells that an agent no longer holds a lease, so that its slot is free without asking the database. */
  released(agentId: string, epoch: string): void {
    this.#agents.released(agentId, epoch);
  }

  #stop(): void {
    this.#unsubscribe();
    this.#agents.stop();
    clearTimeout(this.#pollTimer);
    for (const waiter of this.#waiters.all()) for (const ask of waiter.asks) this.#leave(waiter, ask);
  }

  /** A call whose statement was sent must hear what came of it: a grant that is not told is only found when it is lost. */
  #leave(waiter: Waiter, ask: Ask): void {
    if (waiter.leasing) ask.leaving = true;
    else this.#waiters.release(waiter, (other) => other === ask, waiter.question.again ? unknownYet() : undefined);
  }

  #onQueued(): void {
    this.#view.outdate();
    this.#wake();
  }

  #wake(): void {
    this.#woken = true;
    const { stopping } = this.#context;
    if (this.#running || this.#backingOff || this.#waiters.size === 0 || stopping.aborted) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#woken && this.#waiters.size > 0 && !this.#backingOff) {
      // What else this turn of the event loop brings goes into the same round.
      await setImmediate();
      this.#woken = false;
      await this.#tryRound();
    }
    this.#running = false;
    if (this.#waiters.size > 0)
      this.#pollTimer ??= this.#later(POLL_MS * (0.75 + Math.random() / 2), () => this.#poll());
  }

  #poll(): void {
    this.#pollTimer = undefined;
    this.#doubting = true;
    this.#wake();
  }

  /** Not waited for when the server stops: what it does then is nothing. */
  #later(ms: number, work: () => void): NodeJS.Timeout {
    return setTimeout(work, ms).unref();
  }

  async #tryRound(): Promise<void> {
    const arrived = this.#waiters.takeArrived();
    try {
      await this.#round(arrived);
      if (this.#failures > 0) this.#context.log.info({ failures: this.#failures }, "work is leased again");
      this.#failures = 0;
      for (const waiter of arrived) this.#waiters.release(waiter, ({ immediate }) => immediate);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (++this.#failures === 1) this.#context.log.warn({ err: error }, "could not lease work; will try again");
    for (const waiter of this.#waiters.all()) {
      // The statement may have been carried out: only the database knows what the poll was granted.
      if (waiter.leasing) waiter.question.again = true;
      waiter.leasing = false;
      this.#waiters.release(waiter, ({ immediate, leaving }) => immediate || leaving, error);
      this.#waiters.arriveAgain(waiter);
    }
    this.#doubting = true;
    this.#backingOff = true;
    this.#later(pauseMs("failed", this.#failures), () => {
      this.#backingOff = false;
      this.#wake();
    });
  }

  async #round(arrived: readonly Waiter[]): Promise<void> {
    const doubting = this.#doubting;
    this.#doubting = false;
    await this.#readAgents(arrived, doubting);
    await this.#answerRepeated(arrived);
    if (this.#view.outdated || doubting) await this.#look(doubting);
    this.#continue(await this.#leaser.leaseAll());
  }

  /** Reads the agents of which something is not known, or may have changed. */
  async #readAgents(arrived: readonly Waiter[], doubting: boolean): Promise<void> {
    const ids = new Set(this.#agents.changed((id) => this.#waiters.asks(id)));
    for (const { question } of arrived) {
      const { agentId, generation } = question.caller;
      if (this.#agents.mustRead(agentId, generation)) ids.add(agentId);
    }
    if (doubting) {
      const waiting = this.#waiters.all();
      for (const waiter of waiting) waiter.counted = false;
      for (const id of this.#agents.doubtful(waiting.map(({ question }) => question.caller.agentId))) ids.add(id);
      this.#agents.forgetGone((id) => this.#waiters.asks(id));
    }
    await this.#agents.read(this.#context.db, [...ids]);
  }

  /** Polls that were asked before get what they were granted then, where they still hold it. */
  async #answerRepeated(arrived: readonly Waiter[]): Promise<void> {
    const repeated = arrived.filter(({ question }) => question.again);
    if (repeated.length === 0) return;
    const polls = repeated.map(({ question: { caller, pollId } }) => ({ agentId: caller.agentId, pollId }));
    const rows = await grantedBefore(this.#context.db, polls);
    const granted = Map.groupBy(rows, ({ agent_id, poll_id }) => keyOf(agent_id, poll_id));
    for (const waiter of repeated) {
      waiter.question.again = false;
      const grants = granted.get(waiter.key);
      if (grants) this.#waiters.answer(waiter, grants);
    }
  }

  #continue(outcome: Outcome): void {
    if (outcome === "more") this.#woken = true;
    this.#contentions = outcome === "contended" ? this.#contentions + 1 : 0;
    if (this.#contentions > 0) this.#later(pauseMs("contended", this.#contentions), () => this.#wake());
  }

  async #look(fromHeads: boolean): Promise<void> {
    const unseenMs = await this.#view.look(this.#context.db, { fromHeads });
    if (unseenMs > 0) this.#later(Math.min(unseenMs, POLL_MS), () => this.#onQueued());
  }
}

/** Returns once it is known what the statement that was sent for a poll came to. */
function decided(waiter: Waiter): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  waiter.asks.add({ resolve: () => resolve(), reject: () => resolve(), immediate: false, leaving: true });
  return promise;
}

function pauseMs(why: keyof typeof RETRY_MS, times: number): number {
  const { first, max } = RETRY_MS[why];
  return Math.min(first * 2 ** (times - 1), max) * (0.5 + Math.random());
}

function unknownYet(): ConnectError {
  const message = "the database did not answer what this poll was granted before; ask again with the same poll_id";
  return new ConnectError(message, Code.Unavailable);
}
