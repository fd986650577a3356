import type { ServerContext } from "../context.ts";
import { campaign, resign } from "./election.ts";
import { repeatAll, type Task } from "./repeat.ts";

/** The longest that maintenance stays with a replica that is gone, in milliseconds, where the TTL allows as much. */
const LEASE_MAX_MS = 2_000;

/** How often one asks for the maintenance, or renews it, within its lease. */
const ASKS_PER_LEASE = 4;

/** What a replica does for all, while it has been elected to. */
interface Term {
  number: string;
  stop: AbortController;
}

/**
 * Sees that one replica of all does the maintenance. It has it for a short lease in the database, which it renews well
 * before the end; when it dies, another takes over within 1.3 leases: TTL/12 each, 2 s at most, so that with the tasks'
 * own intervals a lost agent is acted on within TTL/6 of its lease's end. A replica that was frozen may go on with a
 * task for a moment while another does the same: tasks must ask again, with rows locked, before they change anything.
 */
export class Maintenance {
  readonly #context: ServerContext;
  readonly #tasks: readonly Task[];
  readonly #leaseMs: number;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #term: Term | undefined;
  /** Settles when the tasks of every term have ended. */
  #ended: Promise<unknown> = Promise.resolve();

  constructor(context: ServerContext, tasks: readonly Task[]) {
    this.#context = context;
    this.#tasks = tasks;
    this.#leaseMs = Math.min(context.intervals.leaseTtlMs / 12, LEASE_MAX_MS);
  }

  /** Stands for election until stopped. */
  start(): void {
    this.#running ??= this.#loop();
  }

  /** Ends after the tasks in progress, and leaves the maintenance to another replica. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return this.#running;
    this.#stop.abort();
    await this.#running;
    const had = this.#term !== undefined;
    this.#end("it stops");
    await this.#ended;
    if (!had) return;
    await resign(this.#context);
    this.#context.hints.publish("maintenance");
  }

  async #loop(): Promise<void> {
    const { hints, log } = this.#context;
    for await (const _ of hints.rounds(["maintenance"], this.#leaseMs / ASKS_PER_LEASE, this.#stop.signal)) {
      try {
        const term = await campaign(this.#context, this.#leaseMs);
        if (term === this.#term?.number) continue;
        this.#end("another replica does");
        if (term !== undefined) this.#begin(term);
      } catch (error) {
        log.warn({ err: error }, "could not ask who does the maintenance; will ask again");
        this.#end("it could not ask the database");
      }
    }
  }

  #begin(number: string): void {
    const { hints, log } = this.#context;
    const stop = new AbortController();
    log.info({ term: number }, "this replica does the maintenance");
    const tasks = repeatAll(this.#tasks, { hints, log: log.child({ term: number }), signal: stop.signal });
    this.#ended = Promise.all([this.#ended, tasks]);
    this.#term = { number, stop };
  }

  /** Lets the tasks in progress come to their end, and starts none anew. */
  #end(why: string): void {
    if (!this.#term) return;
    this.#context.log.info({ term: this.#term.number, why }, "this replica no longer does the maintenance");
    this.#term.stop.abort();
    this.#term = undefined;
  }
}
