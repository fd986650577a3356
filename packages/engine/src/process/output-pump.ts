import type { PipeReader } from "./pipe-reader.ts";

/**
 * Takes a chunk of a process's output, which is lent until it has resolved. Until then the process's pipe fills up, and
 * the process waits.
 */
export type OutputSink = (chunk: Uint8Array) => Promise<void>;

/** Moves one output of a process into a sink, at the sink's pace. */
export class OutputPump {
  /** Resolves at the output's end; rejects with the sink's error. */
  readonly done: Promise<void>;
  readonly #source: PipeReader;
  readonly #sink: OutputSink;
  #busy = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(source: PipeReader, sink: OutputSink) {
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
    for (let chunk = await this.#source.read(); chunk; chunk = await this.#source.read()) await this.#take(chunk);
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
