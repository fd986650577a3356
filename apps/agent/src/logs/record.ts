import { crc32 } from "node:zlib";
import type { LogStream } from "@groundcrew/proto";

/** Lines in a row, of one stream and one time, as the spool keeps them. The same as a LogBlock on the wire. */
export interface SpoolBlock {
  /** Milliseconds after the spool's base time. */
  atMs: number;
  /** Never UNSPECIFIED: a record that says 0 is torn. */
  stream: LogStream;
  /** The lines, each followed by a newline. */
  text: Uint8Array;
  lineCount: number;
  /** The last line goes on in the next block of its stream. */
  continued: boolean;
}

/** Blocks as records, one after another. */
export interface Records {
  bytes: Buffer;
  lineCount: number;
}

/** Bytes before each text: its length (4), lines (4), time (4), stream and whether it goes on (1), little endian. */
export const RECORD_HEADER_BYTES = 13;

const CONTINUED = 0x80;
const NEWLINE = 0x0a;

/** Writes a record for `text`, which lacks its last newline, at `at`. Returns where it ends. */
export function writeRecord(records: Buffer, at: number, block: SpoolBlock): number {
  const { text, lineCount, atMs, stream, continued } = block;
  records.writeUInt32LE(text.length + 1, at);
  records.writeUInt32LE(lineCount, at + 4);
  records.writeUInt32LE(atMs, at + 8);
  records.writeUInt8(stream | (continued ? CONTINUED : 0), at + 12);
  records.set(text, at + RECORD_HEADER_BYTES);
  const end = at + RECORD_HEADER_BYTES + text.length + 1;
  records[end - 1] = NEWLINE;
  return end;
}

/** How many bytes the record at `at` takes; undefined when `bytes` ends before it does, or it is no record. */
export function recordLength(bytes: Buffer, at: number): number | undefined {
  if (at + RECORD_HEADER_BYTES > bytes.length) return undefined;
  const length = RECORD_HEADER_BYTES + bytes.readUInt32LE(at);
  return at + length > bytes.length || bytes.readUInt8(at + 12) === 0 ? undefined : length;
}

/** How many lines the record at `at` has. */
export function recordLines(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4);
}

/** The record at `at`, of a length that `recordLength` told. Its text shares memory with `bytes`. */
export function decodeRecord(bytes: Buffer, at: number, length: number): SpoolBlock {
  const flags = bytes.readUInt8(at + 12);
  return {
    text: bytes.subarray(at + RECORD_HEADER_BYTES, at + length),
    lineCount: recordLines(bytes, at),
    atMs: bytes.readUInt32LE(at + 8),
    stream: (flags & ~CONTINUED) as LogStream,
    continued: (flags & CONTINUED) !== 0,
  };
}

/** Goes on with the CRC-32 of a log: over the text of these records. */
export function addToChecksum(checksum: number, records: Buffer): number {
  let sum = checksum;
  for (let at = 0; at < records.length;) {
    const end = at + RECORD_HEADER_BYTES + records.readUInt32LE(at);
    sum = crc32(records.subarray(at + RECORD_HEADER_BYTES, end), sum);
    at = end;
  }
  return sum;
}
