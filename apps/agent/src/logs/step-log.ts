import { LogStream } from "@groundcrew/proto";
import type { OutputSink } from "../process/output-pump.ts";
import { LineSplitter } from "./line-splitter.ts";
import { Spool, type SpoolHeader, type SpoolOptions } from "./spool.ts";

/** Where a step run's log is written, and what ends the writing early. */
export interface StepLogOptions extends SpoolOptions {
  directory: string;
  header: SpoolHeader;
  /** Gives up waiting for room, with its reason. */
  signal: AbortSignal;
}

// What a record has room for: 49.7 days.
const AT_MAX_MS = 0xffff_ffff;

/** The log of one step run: its outputs, cut into lines and spooled, and the agent's own remarks. */
export class StepLog {
  readonly spool: Spool;
  readonly #signal: AbortSignal;
  readonly #outputs: { stream: LogStream; splitter: LineSplitter }[] = [];

  // Not by the clock, which may be set while the step runs.
  readonly #startedMs: number;

  private constructor(spool: Spool, startedMs: number, signal: AbortSignal) {
    this.spool = spool;
    this.#startedMs = startedMs;
    this.#signal = signal;
  }

  /** Makes the spool. The lines' times count from now, which the header's `baseMs` is to name. */
  static async create({ directory, header, signal, ...options }: StepLogOptions): Promise<StepLog> {
    const startedMs = performance.now();
    return new StepLog(await Spool.create(directory, header, options), startedMs, signal);
  }

  /** Takes one output of a process. Resolves when the lines are on disk, so a full spool makes the process wait. */
  sink(stream: LogStream): OutputSink {
    const splitter = new LineSplitter();
    this.#outputs.push({ stream, splitter });
    return (chunk) => this.#append(stream, splitter.push(chunk));
  }

  /** Adds the agent's own words. */
  note(text: string): Promise<void> {
    return this.#append(
      LogStream.AGENT,
      text.split("\n").map((line) => Buffer.from(line)),
    );
  }

  /** Adds last lines without newline, and ends the spool. */
  async end(): Promise<void> {
    for (const { stream, splitter } of this.#outputs.splice(0)) await this.#append(stream, splitter.end());
    await this.spool.end();
  }

  #append(stream: LogStream, texts: readonly Uint8Array[]): Promise<void> {
    const atMs = Math.min(AT_MAX_MS, Math.trunc(performance.now() - this.#startedMs));
    return this.spool.append(
      texts.map((text) => ({ atMs, stream, text })),
      this.#signal,
    );
  }
}
