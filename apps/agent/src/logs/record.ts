import type { LogStream } from "@groundcrew/proto";

/** One line as the spool keeps it. */
export interface SpoolLine {
  /** Milliseconds after the spool's base time. */
  atMs: number;
  /** Never UNSPECIFIED: a record that says 0 is torn. */
  stream: LogStream;
  /** The line without its newline. */
  text: Uint8Array;
}

/** Bytes before each text: length (4), stream (1), time (4), all little endian. */
export const RECORD_HEADER_BYTES = 9;

/** The lines as records, one after another. */
export function encodeRecords(lines: readonly SpoolLine[]): Buffer {
  const bytes = lines.reduce((sum, line) => sum + RECORD_HEADER_BYTES + line.text.length, 0);
  const records = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { atMs, stream, text } of lines) {
    records.writeUInt32LE(text.length, at);
    records.writeUInt8(stream, at + 4);
    records.writeUInt32LE(atMs, at + 5);
    records.set(text, at + RECORD_HEADER_BYTES);
    at += RECORD_HEADER_BYTES + text.length;
  }
  return records;
}

/** How many bytes the record at `at` takes; undefined when `bytes` ends before it does, or it is no record. */
export function recordLength(bytes: Buffer, at: number): number | undefined {
  if (at + RECORD_HEADER_BYTES > bytes.length) return undefined;
  const length = RECORD_HEADER_BYTES + bytes.readUInt32LE(at);
  return at + length > bytes.length || bytes.readUInt8(at + 4) === 0 ? undefined : length;
}

/** The record at `at`, of a length that `recordLength` told. Its text shares memory with `bytes`. */
export function decodeRecord(bytes: Buffer, at: number, length: number): SpoolLine {
  const text = bytes.subarray(at + RECORD_HEADER_BYTES, at + length);
  return { stream: bytes.readUInt8(at + 4) as LogStream, atMs: bytes.readUInt32LE(at + 5), text };
}
