import { timestampMs } from "@bufbuild/protobuf/wkt";
import { LogStream, toEntries, type DownloadLogsRequest, type LogBlock, type LogEntry } from "@groundcrew/proto";
import type { Batch } from "./batch.ts";
import { hasEscape, plainText } from "./plain-text.ts";

/** How lines look. */
type Look = Pick<DownloadLogsRequest, "timestamps" | "plain">;

const NEWLINE = Buffer.from("\n");
const OF_AGENT = Buffer.from("[agent] ");

/**
 * Writes the log of a step run as text. Pieces in a row that continue a line are that line again; where another stream
 * wrote in between, the line is cut. Lines that were lost leave a mark, lines of the agent say so.
 */
export class LineWriter {
  readonly #look: Look;
  /** The stream of the line that was written without its end. */
  #open: LogStream | undefined;

  constructor(look: Look) {
    this.#look = look;
  }

  /** The bytes of the next batch, of which `lostBefore` lines are missing before it. */
  *write({ entries, blocks, baseTime }: Batch, lostBefore: number): Generator<Uint8Array> {
    const baseMs = baseTime ? timestampMs(baseTime) : 0;
    if (lostBefore > 0) yield* this.#mark(lostBefore);
    for (const entry of entries) yield* this.#line(entry, baseMs);
    for (const block of blocks) for (const entry of this.#linesOf(block)) yield* this.#line(entry, baseMs);
  }

  /** The end of a line that is not finished, if there is one. */
  *end(): Generator<Uint8Array> {
    if (this.#open !== undefined) yield NEWLINE;
    this.#open = undefined;
  }

  *#mark(lostBefore: number): Generator<Uint8Array> {
    yield* this.end();
    yield Buffer.from(`--- ${lostBefore === 1 ? "1 line" : `${lostBefore} lines`} lost ---\n`);
  }

  *#line({ atMs, stream, text, continued }: Omit<LogEntry, "$typeName">, baseMs: number): Generator<Uint8Array> {
    if (this.#open !== stream) {
      yield* this.end();
      if (this.#look.timestamps) yield Buffer.from(`${new Date(baseMs + atMs).toISOString()} `);
      if (stream === LogStream.AGENT) yield OF_AGENT;
    }
    yield this.#look.plain ? plainText(text) : text;
    this.#open = stream;
    if (!continued) yield* this.end();
  }

  /** The lines of a block; all at once where each is written as it is. */
  #linesOf(block: LogBlock): Omit<LogEntry, "$typeName">[] {
    const { stream, text } = block;
    const { timestamps, plain } = this.#look;
    const isAsWritten = !timestamps && stream !== LogStream.AGENT && !(plain && hasEscape(text));
    return isAsWritten ? [{ ...block, text: text.subarray(0, -1) }] : toEntries({ entries: [], blocks: [block] });
  }
}
