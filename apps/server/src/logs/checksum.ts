import type { LogLines } from "@groundcrew/proto";
import { crc32 } from "node:zlib";

const NEWLINE = Buffer.from("\n");

/** Goes on with the CRC-32 of a log: over these lines, each with a newline after it. */
export function addToChecksum(checksum: number, { entries, blocks }: LogLines): number {
  const ofEntries = entries.reduce((sum, { text }) => crc32(NEWLINE, crc32(text, sum)), checksum);
  return blocks.reduce((sum, { text }) => crc32(text, sum), ofEntries);
}
