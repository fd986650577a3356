/** Answers many callers by one statement: what is asked while one is in flight goes into the next. */
export class Coalescer<Q> {
  readonly #run: (batch: readonly Q[]) => Promise<unknown>;
  #waiting: { question: Q; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #running = false;

  constructor(run: (batch: readonly Q[]) => Promise<unknown>) {
    this.#run = run;
  }

  /** Resolves once a statement that holds the question has been committed. */
  ask(question: Q): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    // What is asked in the same turn of the event loop goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#run(batch.map(({ question }) => question));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }
}
