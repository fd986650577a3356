import { MAX_LINE_BYTES } from "@groundcrew/engine";
import { RECORD_HEADER_BYTES, writeRecord, type Records, type SpoolBlock } from "./record.ts";

// Enough for what one read of a pipe brings.
const INITIAL_BYTES = MAX_LINE_BYTES + 4096;

/** Gathers records in memory that it uses again and again. */
export class RecordWriter {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  #lineCount = 0;

  /** Adds a block, whose text lacks the last newline. Copies it. */
  add(block: SpoolBlock): void {
    this.#makeRoom(RECORD_HEADER_BYTES + block.text.length + 1);
    this.#length = writeRecord(this.#bytes, this.#length, block);
    this.#lineCount += block.lineCount;
  }

  /** What was added since the last call. The next `add` overwrites it. */
  take(): Records {
    const records = { bytes: this.#bytes.subarray(0, this.#length), lineCount: this.#lineCount };
    this.#length = 0;
    this.#lineCount = 0;
    return records;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(INITIAL_BYTES, needed, 2 * this.#length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
