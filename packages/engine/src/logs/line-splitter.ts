import { characterBoundary } from "./character-boundary.ts";
import { lastOverwrite } from "./overwritten.ts";

/** Longer lines are cut here, in bytes, so that any line fits into one batch. */
export const MAX_LINE_BYTES = 64 * 1024;

const NEWLINE = 0x0a;

/** Some lines of an output. The text is lent: it may change once the writer has returned. */
export interface LineRun {
  /** The lines with a newline between them; none after the last. */
  text: Uint8Array;
  lineCount: number;
  /** The last line goes on in the next run. Such a run has one line. */
  continued: boolean;
}

/** What to do with lines, and how long they may be. */
export interface LineSplitterOptions {
  write: (run: LineRun) => void;
  /** A longer line is cut between two characters, in bytes. Default {@link MAX_LINE_BYTES}. */
  maxLineBytes?: number;
}

/**
 * Cuts one output of a process into lines, whatever the chunks it comes in. Bytes are kept as they are, NUL, colours
 * and invalid UTF-8 included; only the newline goes. The one exception is `flushProgress`.
 */
export class LineSplitter {
  readonly #write: (run: LineRun) => void;
  readonly #maxLineBytes: number;
  // The line that is not finished: as much of it as was not written yet. Made when first needed.
  #held: Buffer | undefined;
  #heldBytes = 0;
  // A piece of the line that is not finished was written, so that its end must be written too, though it be empty.
  #isOpen = false;
  #isProgress = false;

  constructor({ write, maxLineBytes = MAX_LINE_BYTES }: LineSplitterOptions) {
    this.#write = write;
    this.#maxLineBytes = maxLineBytes;
  }

  /** Writes the lines that this chunk completes, and those pieces of the next one that are full. */
  push(chunk: Uint8Array): void {
    let start = this.#heldBytes > 0 || this.#isOpen ? this.#goOn(chunk) : 0;
    let runStart = start;
    let lineCount = 0;
    for (let end = chunk.indexOf(NEWLINE, start); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (end - start > this.#maxLineBytes) {
        this.#writeLines(chunk.subarray(runStart, start - 1), lineCount);
        runStart = this.#writePieces(chunk, start, end);
        lineCount = 0;
      }
      lineCount++;
      start = end + 1;
    }
    this.#writeLines(chunk.subarray(runStart, start - 1), lineCount);
    this.#hold(chunk, this.#writePieces(chunk, start, chunk.length));
  }

  /** Writes what is left when the output ends: a last line without newline, if any. */
  end(): void {
    if (this.#heldBytes > 0 || this.#isOpen) this.#finishLine();
  }

  /** Whether the line that is not finished shows progress: it has overwritten itself after a carriage return. */
  get isProgress(): boolean {
    return this.#isProgress || lastOverwrite(this.#heldText()) !== -1;
  }

  /**
   * Writes the newest state of a line that shows progress, as one more piece of it, so that it can be seen before the
   * line ends. The states before it that were not written are dropped: they were overwritten. Does nothing to a line
   * that does not overwrite itself.
   */
  flushProgress(): void {
    if (!this.isProgress) return;
    this.#isProgress = true;
    const text = this.#heldText();
    const from = Math.max(0, lastOverwrite(text));
    const to = characterBoundary(text, from, text.length);
    if (to > from) this.#writePiece(text, from, to);
    this.#keepFrom(to);
  }

  #heldText(): Uint8Array {
    return this.#held?.subarray(0, this.#heldBytes) ?? EMPTY;
  }

  /** Adds to the line that is not finished. Returns where in the chunk the next one starts. */
  #goOn(chunk: Uint8Array): number {
    const newline = chunk.indexOf(NEWLINE);
    const end = newline === -1 ? chunk.length : newline;
    for (let at = 0; at < end;) {
      at = this.#hold(chunk, at, end);
      if (this.#heldBytes > this.#maxLineBytes) this.#cutHeld();
    }
    if (newline === -1) return end;
    this.#finishLine();
    return newline + 1;
  }

  #cutHeld(): void {
    const text = this.#heldText();
    this.#keepFrom(this.#writePieces(text, 0, text.length));
  }

  #finishLine(): void {
    this.#write({ text: this.#heldText(), lineCount: 1, continued: false });
    this.#heldBytes = 0;
    this.#isOpen = false;
    this.#isProgress = false;
  }

  #writeLines(text: Uint8Array, lineCount: number): void {
    if (lineCount === 0) return;
    this.#write({ text, lineCount, continued: false });
    this.#isOpen = false;
  }

  // A full piece is only written when a byte follows it: a newline there ends that line and no empty one.
  #writePieces(bytes: Uint8Array, start: number, end: number): number {
    let from = start;
    while (end - from > this.#maxLineBytes) {
      const to = characterBoundary(bytes, from, from + this.#maxLineBytes);
      this.#writePiece(bytes, from, to);
      from = to;
    }
    return from;
  }

  #writePiece(bytes: Uint8Array, from: number, to: number): void {
    this.#write({ text: bytes.subarray(from, to), lineCount: 1, continued: true });
    this.#isOpen = true;
  }

  // Holds one byte more than a line may have, to see that it goes on. Returns up to where the bytes were taken.
  #hold(bytes: Uint8Array, start: number, end = bytes.length): number {
    if (start === end) return end;
    this.#held ??= Buffer.allocUnsafe(this.#maxLineBytes + 1);
    const taken = Math.min(end - start, this.#held.length - this.#heldBytes);
    this.#held.set(bytes.subarray(start, start + taken), this.#heldBytes);
    this.#heldBytes += taken;
    return start + taken;
  }

  #keepFrom(start: number): void {
    this.#held?.copyWithin(0, start, this.#heldBytes);
    this.#heldBytes -= start;
  }
}

const EMPTY = new Uint8Array(0);
