import { Masker, type OutputSink } from "@groundcrew/engine";
import { LogStream } from "@groundcrew/proto";
import { DEFAULT_LOG_LIMITS, type LogLimits } from "./log-limits.ts";
import { LogQuota } from "./log-quota.ts";
import type { Records } from "./record.ts";
import { Spool, type SpoolHeader, type SpoolOptions } from "./spool.ts";
import { StepOutput } from "./step-output.ts";

/** Where a step run's log is written, what is kept of it, and what ends the writing early. */
export interface StepLogOptions extends SpoolOptions {
  directory: string;
  header: SpoolHeader;
  /** Gives up waiting for room, with its reason. */
  signal: AbortSignal;
  /** What is covered wherever it is written; see `Masker`. Default: nothing. */
  secrets?: readonly string[];
  /** Default: {@link DEFAULT_LOG_LIMITS}. */
  limits?: LogLimits;
}

interface StepLogParts {
  startedMs: number;
  signal: AbortSignal;
  masker: Masker | undefined;
  limits: LogLimits;
}

// What a record has room for: 49.7 days.
const AT_MAX_MS = 0xffff_ffff;

/** The log of one step run: its outputs, cut into lines and spooled, and the agent's own remarks. */
export class StepLog {
  readonly spool: Spool;
  readonly #signal: AbortSignal;
  readonly #masker: Masker | undefined;
  readonly #limits: LogLimits;
  readonly #quota: LogQuota;
  readonly #outputs: StepOutput[] = [];
  #isMarked = false;

  // Not by the clock, which may be set while the step runs.
  readonly #startedMs: number;

  private constructor(spool: Spool, { startedMs, signal, masker, limits }: StepLogParts) {
    this.spool = spool;
    this.#startedMs = startedMs;
    this.#signal = signal;
    this.#masker = masker;
    this.#limits = limits;
    this.#quota = new LogQuota(limits);
  }

  /** Makes the spool. The lines' times count from now, which the header's `baseMs` is to name. */
  static async create(options: StepLogOptions): Promise<StepLog> {
    const startedMs = performance.now();
    const { directory, header, signal, secrets = [], limits = DEFAULT_LOG_LIMITS, ...bounds } = options;
    const spool = await Spool.create(directory, header, bounds);
    return new StepLog(spool, { startedMs, signal, masker: Masker.of(secrets), limits });
  }

  /**
   * Takes one output of a process. Resolves when the lines are on disk, so a full spool makes the process wait. What is
   * beyond the limits is taken and dropped, and the log says so once.
   */
  sink(stream: LogStream): OutputSink {
    const output = this.#output(stream, this.#quota);
    this.#outputs.push(output);
    return async (chunk) => {
      await output.write(chunk);
      await this.#markCut();
    };
  }

  /** Adds the agent's own words, which the limits do not count. */
  async note(text: string): Promise<void> {
    const output = this.#output(LogStream.AGENT, undefined);
    await output.write(Buffer.from(`${text}\n`));
    await output.end();
  }

  /** Adds last lines without newline, and ends the spool. */
  async end(): Promise<void> {
    for (const output of this.#outputs.splice(0)) await output.end();
    await this.#markCut();
    await this.spool.end();
  }

  #output(stream: LogStream, quota: LogQuota | undefined): StepOutput {
    return new StepOutput({
      stream,
      quota,
      masker: this.#masker,
      now: () => Math.min(AT_MAX_MS, Math.trunc(performance.now() - this.#startedMs)),
      store: async (records: Records) => this.spool.append(records, this.#signal),
    });
  }

  async #markCut(): Promise<void> {
    const { exceeded } = this.#quota;
    if (!exceeded || this.#isMarked) return;
    this.#isMarked = true;
    const { maxBytes, maxLines } = this.#limits;
    const limit = { maxBytes: `${maxBytes} bytes (--log-max-bytes)`, maxLines: `${maxLines} lines (--log-max-lines)` };
    await this.note(`the log is cut off here, at ${limit[exceeded]}; the step goes on`);
  }
}
