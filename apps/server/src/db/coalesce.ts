/** What one question of a batch came to. */
export type Outcome<R> = { value: R } | { error: unknown };

/** How questions are answered together. */
export interface CoalescerOptions<Q, R> {
  /** Answers a batch, each question by the outcome at its place. Throws when none could be answered. */
  run: (batch: readonly Q[]) => Promise<readonly Outcome<R>[]>;
  /** The most questions of one batch. Default: 500. */
  maxBatch?: number;
  /** How large a question is. Default: 1. */
  weigh?: (question: Q) => number;
  /** How large a batch may be, but for one of a single question. Default: no limit. */
  maxWeight?: number;
  /** How long a batch that is not full waits for more, in milliseconds. Default: 0, nothing waits when idle. */
  gatherMs?: number;
}

/**
 * Answers many callers by one statement: what is asked while a batch is in flight goes into the next one. When a batch
 * fails as a whole for what may be one question's fault, each of its questions is asked alone, so that a bad one never
 * fails its neighbours.
 */
export class Coalescer<Q, R> {
  readonly #options: CoalescerOptions<Q, R>;
  readonly #maxBatch: number;
  readonly #waiting: Asked<Q, R>[] = [];
  #running = false;

  constructor(options: CoalescerOptions<Q, R>) {
    this.#options = options;
    this.#maxBatch = options.maxBatch ?? 500;
  }

  /** The answer to a question. Rejects with its own error, or with that of the database. */
  ask(question: Q): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    this.#waiting.push({ question, resolve, reject });
    if (!this.#running) void this.#drain();
    return promise;
  }

  async #drain(): Promise<void> {
    this.#running = true;
    const { gatherMs = 0 } = this.#options;
    while (this.#waiting.length > 0) {
      const full = this.#waiting.length >= this.#maxBatch;
      // Without a pause: what was asked in the same turn of the event loop still goes together.
      await (gatherMs > 0 && !full ? new Promise((resolve) => setTimeout(resolve, gatherMs)) : null);
      await this.#answer(this.#waiting.splice(0, this.#nextSize()));
    }
    this.#running = false;
  }

  #nextSize(): number {
    const { weigh, maxWeight = Infinity } = this.#options;
    const most = Math.min(this.#waiting.length, this.#maxBatch);
    if (!weigh) return most;
    let weight = 0;
    for (let size = 0; size < most; size++) {
      const asked = this.#waiting[size];
      weight += asked ? weigh(asked.question) : 0;
      if (size > 0 && weight > maxWeight) return size;
    }
    return most;
  }

  async #answer(batch: readonly Asked<Q, R>[]): Promise<void> {
    try {
      const outcomes = await this.#options.run(batch.map(({ question }) => question));
      batch.forEach((asked, index) => settle(asked, outcomes[index]));
    } catch (error) {
      if (batch.length === 1 || isOutage(error)) return batch.forEach(({ reject }) => reject(error));
      for (const asked of batch) await this.#answer([asked]);
    }
  }
}

interface Asked<Q, R> {
  question: Q;
  resolve: (answer: R) => void;
  reject: (error: unknown) => void;
}

function settle<Q, R>({ resolve, reject }: Asked<Q, R>, outcome: Outcome<R> | undefined): void {
  if (outcome === undefined) reject(new Error("a batch left a question unanswered"));
  else if ("error" in outcome) reject(outcome.error);
  else resolve(outcome.value);
}

// SQLSTATE classes of a database that is away, full or stopping, and the driver's own codes for a lost connection: to
// ask each question alone would only make all of them wait longer.
const OUTAGE = /^(08|53|57|CONNECT|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|ENOENT)/;

function isOutage(error: unknown): boolean {
  return error instanceof Error && "code" in error && OUTAGE.test(String(error.code));
}
