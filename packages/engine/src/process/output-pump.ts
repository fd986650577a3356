import type { Readable } from "node:stream";

/** Takes a chunk of a process's output. While it has not resolved, the process's pipe fills up and it waits. */
export type OutputSink = (chunk: Uint8Array) => Promise<void>;

/** Moves one output of a process into a sink, at the sink's pace. */
export class OutputPump {
  /** Resolves at the output's end; rejects with the sink's error. */
  readonly done: Promise<void>;
  readonly #source: Readable;
  readonly #sink: OutputSink;
  #busy = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(source: Readable, sink: OutputSink) {
    this.#source = source;
    this.#sink = sink;
    this.done = this.#run();
  }

  /** Ends the output once nothing has come for so long, for a process that has ended and left the pipe to another. */
  closeWhenIdle(idleMs: number): void {
    this.#idle = setTimeout(() => (this.#busy ? this.#idle?.refresh() : this.#source.destroy()), idleMs);
    void this.done.catch(() => {}).finally(() => clearTimeout(this.#idle));
  }

  async #run(): Promise<void> {
    const chunks = this.#source.iterator() as AsyncIterator<Uint8Array>;
    for (;;) {
      const next = await chunks.next().catch(endedEarly);
      if (next.done) return;
      await this.#take(next.value);
    }
  }

  async #take(chunk: Uint8Array): Promise<void> {
    this.#busy = true;
    try {
      await this.#sink(chunk);
    } catch (error) {
      this.#source.destroy();
      throw error;
    } finally {
      this.#busy = false;
      this.#idle?.refresh();
    }
  }
}

// A pipe that breaks, or that closeWhenIdle closed, has no more to give.
function endedEarly(): { done: true; value: undefined } {
  return { done: true, value: undefined };
}
