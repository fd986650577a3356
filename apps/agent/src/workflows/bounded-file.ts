import { open, type FileHandle } from "node:fs/promises";
import type { OutputSink } from "@groundcrew/engine";

/** A file that keeps the first `maxBytes` of what comes and lets the rest go. */
export class BoundedFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #file: FileHandle | undefined;
  #room: number;
  #isCut = false;

  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#room = maxBytes;
  }

  /** Something did not fit. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Makes the file. */
  async open(): Promise<void> {
    this.#file = await open(this.#path, "w", 0o600);
    this.#room = this.#maxBytes;
  }

  /** Takes what comes. */
  readonly sink: OutputSink = async (chunk) => {
    const kept = chunk.subarray(0, this.#room);
    this.#isCut ||= kept.length < chunk.length;
    this.#room -= kept.length;
    if (kept.length > 0) await this.#file?.writeFile(kept);
  };

  /** Closes the file. Idempotent. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}
