import { LineSplitter, MAX_LINE_BYTES, type LineRun, type Masker } from "@groundcrew/engine";
import type { LogStream } from "@groundcrew/proto";
import type { LogQuota } from "./log-quota.ts";
import type { Records } from "./record.ts";
import { RecordWriter } from "./record-writer.ts";

/** Where one output of a step goes, and what is done to it on the way. */
export interface StepOutputOptions {
  stream: LogStream;
  /** Covers secrets. Undefined: there are none. */
  masker: Masker | undefined;
  /** What may be kept. Undefined: all. */
  quota: LogQuota | undefined;
  /** Milliseconds after the log's base time. */
  now: () => number;
  /** Resolves when the records are on disk. */
  store: (records: Records) => Promise<void>;
}

/** How often a line that shows progress is shown before it ends, in milliseconds. */
const PROGRESS_INTERVAL_MS = 500;

/** One output of a step on its way into the spool: secrets are covered, then lines are cut and stored in blocks. */
export class StepOutput {
  readonly #options: StepOutputOptions;
  readonly #masked: ReturnType<Masker["open"]> | undefined;
  readonly #splitter = new LineSplitter({ write: (run) => this.#add(run) });
  readonly #writer = new RecordWriter();
  #stored: Promise<void> = Promise.resolve();
  #isBusy = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StepOutputOptions) {
    this.#options = options;
    this.#masked = options.masker?.open();
  }

  /** Takes a chunk. Resolves when its lines are on disk. One at a time. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#options.quota?.exceeded) return;
    this.#isBusy = true;
    await this.#stored;
    this.#split(this.#masked?.push(chunk) ?? chunk);
    await this.#store();
    this.#isBusy = false;
    if (this.#splitter.isProgress) this.#timer ??= setTimeout(() => this.#showProgress(), PROGRESS_INTERVAL_MS);
  }

  /** Stores a last line without newline. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#stored;
    if (this.#masked) this.#split(this.#masked.end());
    this.#splitter.end();
    await this.#store();
  }

  // In parts, so that every block fits into a batch.
  #split(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += MAX_LINE_BYTES)
      this.#splitter.push(bytes.subarray(at, at + MAX_LINE_BYTES));
  }

  #add(run: LineRun): void {
    const { quota, stream, now } = this.#options;
    const kept = quota ? quota.take(run) : run;
    if (kept) this.#writer.add({ ...kept, stream, atMs: now() });
  }

  // A failure is told by the next write, which waits for this one.
  #store(): Promise<void> {
    const records = this.#writer.take();
    if (records.lineCount === 0) return this.#stored;
    this.#stored = this.#options.store(records);
    this.#stored.catch(() => {});
    return this.#stored;
  }

  #showProgress(): void {
    this.#timer = undefined;
    if (this.#isBusy) return;
    this.#splitter.flushProgress();
    void this.#store();
  }
}
