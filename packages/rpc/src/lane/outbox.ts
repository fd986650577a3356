/** What waits to be written to a stream: anybody pushes, one reader takes, in order. */
export class Outbox<T> implements AsyncIterable<T> {
  #waiting: T[] = [];
  #size = 0;
  #isClosed = false;
  #failure: Error | undefined;
  #wakeReader: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds one. Dropped when nobody will take it any more. */
  push(item: T): void {
    if (this.#isClosed) return;
    this.#waiting.push(item);
    this.#size += 1;
    this.#wakeReader();
  }

  /** Takes no more; the reader still gets what waits, and then the failure, if there is one. The first call counts. */
  close(failure?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#failure = failure;
    this.#wakeReader();
    this.#wakeWriter();
  }

  /** Resolves once fewer than `count` wait, or it is closed. For one writer, which must not be called again meanwhile. */
  async room(count: number): Promise<void> {
    while (this.size >= count && !this.#isClosed) {
      await new Promise<void>((resolve) => (this.#wakeWriter = resolve));
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const taken = this.#waiting;
      this.#waiting = [];
      for (const item of taken) {
        this.#size -= 1;
        yield item;
        this.#wakeWriter();
      }
      if (this.#waiting.length > 0) continue;
      if (this.#isClosed) break;
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
    if (this.#failure) throw this.#failure;
  }
}
