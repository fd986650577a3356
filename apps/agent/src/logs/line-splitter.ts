/** Longer lines are split here, in bytes, so that any line fits into one batch. */
export const MAX_LINE_BYTES = 64 * 1024;

const NEWLINE = 0x0a;

/**
 * Cuts one output of a process into lines, whatever the chunks it comes in. Bytes are kept as they are; only the
 * newline goes. A line longer than `maxLineBytes` becomes several.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(maxLineBytes = MAX_LINE_BYTES) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that this chunk completes. They may share memory with the chunk. */
  push(chunk: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#take(chunk.subarray(start, end), lines);
      lines.push(this.#line());
      start = end + 1;
    }
    this.#take(chunk.subarray(start), lines);
    return lines;
  }

  /** What is left when the output ends: a last line without newline, if any. */
  end(): Uint8Array[] {
    return this.#pendingBytes > 0 ? [this.#line()] : [];
  }

  // A full line is only given out when a byte follows it: a newline there ends that line and no empty one.
  #take(bytes: Uint8Array, lines: Uint8Array[]): void {
    let rest = bytes;
    while (this.#pendingBytes + rest.length > this.#maxLineBytes) {
      const room = this.#maxLineBytes - this.#pendingBytes;
      this.#hold(rest.subarray(0, room));
      lines.push(this.#line());
      rest = rest.subarray(room);
    }
    this.#hold(rest);
  }

  #hold(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#pendingBytes += piece.length;
  }

  #line(): Uint8Array {
    const [only] = this.#pieces;
    const line = this.#pieces.length === 1 && only ? only : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#pendingBytes = 0;
    return line;
  }
}
