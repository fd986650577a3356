import { mkdir, open, readFile, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { MAX_LINE_BYTES } from "@groundcrew/engine";
import { delay } from "@groundcrew/rpc";
import { Condition } from "../condition.ts";
import { writeFileAtomically } from "../state/atomic-file.ts";
import {
  addToChecksum,
  decodeRecord,
  RECORD_HEADER_BYTES,
  recordLength,
  type Records,
  type SpoolBlock,
} from "./record.ts";
import { findSegments, newSegment, readSegment, skipRecords, type Position, type Segment } from "./segment.ts";

/** Which step run a spool belongs to: enough to send it after a restart. */
export interface SpoolHeader {
  workflowId: string;
  epoch: string;
  step: string;
  try: number;
  /** What the lines' times count from, in milliseconds since 1970 by the agent's clock. */
  baseMs: number;
}

/** Bounds of a spool. */
export interface SpoolOptions {
  /** Writers wait while more than this is unsent, in bytes. Default 64 MiB. */
  maxUnsentBytes?: number;
  /** A file of the spool is closed once it is larger, in bytes; whole files go when they are sent. Default 8 MiB. */
  segmentBytes?: number;
  /** Told once each time the disk is found full; the writer waits and tries again. */
  onDiskFull?: (error: Error) => void;
}

/** How much to read at once. */
export interface ReadLimits {
  /** In bytes as they are stored. */
  maxBytes: number;
  /** Default: any number. */
  maxLines?: number;
  /** Memory for the text, used where it is large enough. The batch is good until it is used again. Default: new. */
  buffer?: Buffer;
}

/** Lines read from a spool. */
export interface SpoolBatch {
  blocks: SpoolBlock[];
  /** Where the first line is. */
  first: Position;
  /** Where the line after the last one is. */
  end: Position;
}

const DISK_FULL_RETRY_MS = 1000;

/**
 * The log of one step run on the agent's disk. Lines are appended by the step and read by position by the sender.
 * What was appended outlives a kill -9 of the agent, but for a record that was only partly written.
 */
export class Spool {
  readonly header: SpoolHeader;
  /** Notified when lines come, when room is made and at the end. */
  readonly changed = new Condition();
  readonly #directory: string;
  readonly #options: Required<SpoolOptions>;
  #segments: Segment[] = [];
  #end: Position = { line: 0, byte: 0 };
  #sent: Position = { line: 0, byte: 0 };
  #file: FileHandle | undefined;
  #writes: Promise<void> = Promise.resolve();
  #checksum = 0;
  #ended = false;
  #abandoned = false;

  private constructor(directory: string, header: SpoolHeader, options: SpoolOptions) {
    this.#directory = directory;
    this.header = header;
    this.#options = { maxUnsentBytes: 64 * 2 ** 20, segmentBytes: 8 * 2 ** 20, onDiskFull: () => {}, ...options };
  }

  /** A new, empty spool in a folder that it makes. */
  static async create(directory: string, header: SpoolHeader, options: SpoolOptions = {}): Promise<Spool> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFileAtomically(join(directory, "header.json"), JSON.stringify(header));
    return new Spool(directory, header, options);
  }

  /** The spool that a dead process left: complete, ended, and read only. Throws when it has no readable header. */
  static async open(directory: string): Promise<Spool> {
    const header = JSON.parse(await readFile(join(directory, "header.json"), "utf8")) as SpoolHeader;
    const spool = new Spool(directory, header, {});
    const { segments, end } = await findSegments(directory);
    spool.#segments = segments;
    spool.#end = end;
    spool.#ended = true;
    return spool;
  }

  /** How many lines were appended. */
  get lineCount(): number {
    return this.#end.line;
  }

  /** The CRC-32 of all lines appended, each with a newline after it. Of an abandoned spool it means nothing. */
  get checksum(): number {
    return this.#checksum;
  }

  /** No more lines will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Bytes of the records from a position to the end. */
  bytesAfter(position: Position): number {
    return this.#end.byte - position.byte;
  }

  /**
   * Appends lines in the order of the calls. Waits for room; gives up only with the signal's reason. The records must
   * not change until then.
   */
  append(records: Records, signal?: AbortSignal): Promise<void> {
    if (this.#ended) throw new Error(`the spool ${this.#directory} has ended`);
    const write = this.#writes.then(() => this.#append(records, signal));
    this.#writes = write.catch(() => {});
    return write;
  }

  /** No more lines: closes the file after what is being appended. Idempotent. */
  async end(): Promise<void> {
    await this.#writes;
    this.#ended = true;
    this.changed.notify();
    await this.#closeFile();
  }

  /** Lines from a position on: as many blocks as the limits leave room for, but at least one if any. */
  async read(first: Position, { maxBytes, maxLines = Infinity, buffer }: ReadLimits): Promise<SpoolBatch> {
    const segment = this.#segments.findLast((candidate) => candidate.first.byte <= first.byte);
    const end = { ...first };
    const blocks: SpoolBlock[] = [];
    if (!segment) return { blocks, first, end };
    const enough = Math.max(maxBytes, MAX_RECORD_BYTES);
    const bytes = await readSegment(segment, first.byte - segment.first.byte, enough, buffer);
    for (let at = 0; ;) {
      const length = recordLength(bytes, at);
      if (length === undefined) break;
      const block = decodeRecord(bytes, at, length);
      const isTooMuch = at + length > maxBytes || end.line + block.lineCount - first.line > maxLines;
      if (isTooMuch && blocks.length > 0) break;
      blocks.push(block);
      at += length;
      end.line += block.lineCount;
      end.byte += length;
    }
    return { blocks, first, end };
  }

  /** Where the record with a line starts; the oldest one kept when it is gone, the end when there is none yet. */
  async positionOf(line: number): Promise<Position> {
    if (line >= this.#end.line) return { ...this.#end };
    const segment = this.#segments.findLast((candidate) => candidate.first.line <= line) ?? this.#segments[0];
    if (!segment || line <= segment.first.line) return { ...(segment?.first ?? this.#end) };
    const skipped = skipRecords(await readSegment(segment, 0, segment.bytes), line - segment.first.line);
    return { line: segment.first.line + skipped.line, byte: segment.first.byte + skipped.byte };
  }

  /** Everything before the position is durable on the server: makes room, and deletes files that are sent. */
  async acknowledge(position: Position): Promise<void> {
    if (position.byte <= this.#sent.byte) return;
    this.#sent = position;
    this.changed.notify();
    while (this.#segments[1] && this.#segments[1].first.byte <= position.byte) {
      await rm(this.#segments.shift()?.path ?? "", { force: true });
    }
  }

  /** Nobody will send it: what is still to come is counted, but not kept, and waits for nothing. */
  abandon(): void {
    this.#abandoned = true;
    this.changed.notify();
  }

  /** Deletes it. */
  async remove(): Promise<void> {
    await this.end();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #append({ bytes, lineCount }: Records, signal?: AbortSignal): Promise<void> {
    if (lineCount === 0) return;
    await this.changed.until(() => this.#hasRoom(), { signal });
    const kept = this.#abandoned ? bytes.subarray(0, 0) : bytes;
    if (kept.length > 0) await this.#writeWhenPossible(kept, signal);
    this.#checksum = addToChecksum(this.#checksum, kept);
    this.#end = { line: this.#end.line + lineCount, byte: this.#end.byte + kept.length };
    this.changed.notify();
  }

  #hasRoom(): boolean {
    return this.#abandoned || this.bytesAfter(this.#sent) < this.#options.maxUnsentBytes;
  }

  // Always written at the place where it belongs, so that a second try overwrites what the first one left.
  async #writeWhenPossible(records: Buffer, signal?: AbortSignal): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        const { file, segment } = await this.#lastSegment();
        await writeAt(file, records, segment.bytes);
        segment.bytes += records.length;
        return;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        if (failures === 0) this.#options.onDiskFull(error);
        await delay(DISK_FULL_RETRY_MS, signal);
      }
    }
  }

  async #lastSegment(): Promise<{ file: FileHandle; segment: Segment }> {
    let segment = this.#segments.at(-1);
    if (!segment || segment.bytes >= this.#options.segmentBytes) {
      await this.#closeFile();
      segment = newSegment(this.#directory, this.#end);
      this.#file = await open(segment.path, "w", 0o600);
      this.#segments.push(segment);
    }
    this.#file ??= await open(segment.path, "r+");
    return { file: this.#file, segment };
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

const MAX_RECORD_BYTES = RECORD_HEADER_BYTES + MAX_LINE_BYTES + 1;

async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const result = await file.write(bytes, written, bytes.length - written, position + written);
    written += result.bytesWritten;
  }
}

function isDiskFull(error: unknown): error is Error {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
