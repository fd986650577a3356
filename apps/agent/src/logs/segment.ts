import { open, readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { recordLength, recordLines } from "./record.ts";

/** Where a record of a spool starts: the number of its first line, and the bytes of all records before it. */
export interface Position {
  line: number;
  byte: number;
}

/** One file of a spool. */
export interface Segment {
  path: string;
  /** Where it starts. */
  first: Position;
  /** Complete records in it, in bytes. */
  bytes: number;
}

/** An empty segment that starts at `first`. */
export function newSegment(directory: string, first: Position): Segment {
  return { path: join(directory, `${String(first.line).padStart(10, "0")}.blocks`), first, bytes: 0 };
}

/** Part of a segment's records, from `byte` within it, into `buffer` if it has room for them. */
export async function readSegment(segment: Segment, byte: number, maxBytes: number, buffer?: Buffer): Promise<Buffer> {
  const length = Math.min(maxBytes, segment.bytes - byte);
  const bytes = buffer && buffer.length >= length ? buffer.subarray(0, length) : Buffer.allocUnsafe(length);
  await using file = await open(segment.path);
  for (let filled = 0; filled < bytes.length;) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, byte + filled);
    if (bytesRead === 0) throw new Error(`${segment.path} ends at byte ${byte + filled}, expected ${segment.bytes}`);
    filled += bytesRead;
  }
  return bytes;
}

/** Walks over the complete records that have `lines` lines or fewer: where it got to, relative to the start of `bytes`. */
export function skipRecords(bytes: Buffer, lines: number): Position {
  const at: Position = { line: 0, byte: 0 };
  for (;;) {
    const length = recordLength(bytes, at.byte);
    if (length === undefined || at.line + recordLines(bytes, at.byte) > lines) return at;
    at.line += recordLines(bytes, at.byte);
    at.byte += length;
  }
}

/** The segments that a dead process left, and where they end: a record torn at the very end is not counted. */
export async function findSegments(directory: string): Promise<{ segments: Segment[]; end: Position }> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".blocks")).toSorted();
  const segments: Segment[] = [];
  let end: Position = { line: 0, byte: 0 };
  for (const name of names) {
    const path = join(directory, name);
    const first = { line: Number.parseInt(name, 10), byte: end.byte };
    const isLast = name === names.at(-1);
    const length = isLast ? skipRecords(await readFile(path), Infinity) : { line: 0, byte: (await stat(path)).size };
    segments.push({ path, first, bytes: length.byte });
    end = { line: first.line + length.line, byte: first.byte + length.byte };
  }
  return { segments, end };
}
