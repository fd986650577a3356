import type { BareJob } from "./statements.ts";
import type { BareQueue } from "./queue.ts";

interface Waiter {
  slots: number;
  resolve: (jobs: BareJob[]) => void;
}

/** Leases for all who wait at once, and wakes as many as there is work for, the longest waiting first. */
export class Dispatcher {
  readonly #queue: BareQueue;
  #waiters: Waiter[] = [];
  #dirty = false;
  #running = false;

  constructor(queue: BareQueue) {
    this.#queue = queue;
  }

  /** Up to `slots` jobs, as soon as there is one. */
  next(slots: number): Promise<BareJob[]> {
    return new Promise((resolve) => {
      this.#waiters.push({ slots, resolve });
      this.wake();
    });
  }

  /** There may be work, or someone who wants it. */
  wake(): void {
    this.#dirty = true;
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Who asks in the same turn of the event loop is answered together.
    await Promise.resolve();
    while (this.#dirty && this.#waiters.length > 0) {
      this.#dirty = false;
      const wanted = this.#waiters.reduce((sum, { slots }) => sum + slots, 0);
      const jobs = await this.#queue.lease(wanted);
      this.#deal(jobs);
      // There may be more for those who came meanwhile.
      if (jobs.length === wanted) this.#dirty = true;
    }
    this.#running = false;
  }

  #deal(jobs: BareJob[]): void {
    while (jobs.length > 0) {
      const waiter = this.#waiters.shift();
      if (!waiter) throw new Error("more was leased than was asked for");
      waiter.resolve(jobs.splice(0, waiter.slots));
    }
  }
}
