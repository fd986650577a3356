import { timestampMs } from "@bufbuild/protobuf/wkt";
import { toEntries, type LogBlock, type LogEntry, type LogStream } from "@groundcrew/proto";
import type { Batch } from "./batch.ts";
import type { Chunk } from "./chunks.ts";
import type { LineMatcher } from "./line-matcher.ts";

/** A line of so many bytes takes no more pieces: the next one starts a line. */
const LINE_MAX_BYTES = 256 * 1024;

/** A line of a log. */
export interface Line {
  /** From 0: that of its first piece, where it is stored in pieces. */
  number: number;
  /** The number of the line after it. */
  nextNumber: number;
  /** Milliseconds since 1970. */
  atMs: number;
  text: Uint8Array;
}

/** A line whose end is yet to come. */
interface OpenLine {
  number: number;
  atMs: number;
  stream: LogStream;
  pieces: Uint8Array[];
  bytes: number;
}

/**
 * Reads the lines of a step run, chunk by chunk. Pieces in a row that continue a line are one line; where another stream
 * wrote in between, each is a line.
 */
export class LineReader {
  readonly #skipBy: LineMatcher | undefined;
  #open: OpenLine | undefined;

  /** With `skipBy` (default: none) lines of blocks in which it cannot match are left out. */
  constructor({ skipBy }: { skipBy?: LineMatcher | undefined } = {}) {
    this.#skipBy = skipBy;
  }

  /** The lines that end in the next chunk, or right before a gap. */
  read({ firstLine, lostBefore }: Pick<Chunk, "firstLine" | "lostBefore">, batch: Batch): Line[] {
    const lines = lostBefore > 0 ? this.end() : [];
    const baseMs = batch.baseTime ? timestampMs(batch.baseTime) : 0;
    let number = firstLine;
    for (const entry of batch.entries) lines.push(...this.#add(entry, number++, baseMs));
    for (const block of batch.blocks) {
      if (!this.#canSkip(block))
        for (const [index, entry] of toEntries({ entries: [], blocks: [block] }).entries())
          lines.push(...this.#add(entry, number + index, baseMs));
      number += block.lineCount;
    }
    return lines;
  }

  /** The line that is not finished, if there is one. */
  end(): Line[] {
    const open = this.#open;
    if (!open) return [];
    this.#open = undefined;
    const { number, atMs, pieces } = open;
    const [first = Buffer.alloc(0), ...rest] = pieces;
    const text = rest.length === 0 ? first : Buffer.concat(pieces);
    return [{ number, nextNumber: number + pieces.length, atMs, text }];
  }

  #canSkip({ text, continued }: LogBlock): boolean {
    return !this.#open && !continued && this.#skipBy?.mayMatchIn(text) === false;
  }

  /** The lines that end before or with this entry. */
  #add({ atMs, stream, text, continued }: LogEntry, number: number, baseMs: number): Line[] {
    const goesOn = this.#open?.stream === stream && this.#open.bytes < LINE_MAX_BYTES;
    const before = goesOn ? [] : this.end();
    const open = (this.#open ??= { number, atMs: baseMs + atMs, stream, pieces: [], bytes: 0 });
    open.pieces.push(text);
    open.bytes += text.length;
    return continued ? before : [...before, ...this.end()];
  }
}
