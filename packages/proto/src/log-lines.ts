import { create } from "@bufbuild/protobuf";
import type { EnqueueLogRequest } from "./gen/groundcrew/v1/peer_pb.ts";
import { LogBlockSchema, LogEntrySchema, type LogBlock, type LogEntry } from "./gen/groundcrew/v1/types_pb.ts";

const NEWLINE = 0x0a;

/** The lines of a batch, which come as entries or in blocks. */
export type LogLines = Pick<EnqueueLogRequest, "entries" | "blocks">;

/** How many lines a batch has, by its own word. */
export function countLines({ entries, blocks }: LogLines): number {
  return blocks.reduce((sum, { lineCount }) => sum + lineCount, entries.length);
}

/** The text of a batch in bytes, the newlines of its blocks included. */
export function countTextBytes({ entries, blocks }: LogLines): number {
  const sizes = [...entries, ...blocks].map(({ text }) => text.length);
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Whether a block's text has as many lines as the block says, and ends with the last. */
export function isSound({ text, lineCount }: LogBlock): boolean {
  return text.length > 0 && text.at(-1) === NEWLINE && countNewlines(text) === lineCount;
}

/** The lines one by one. They share memory with the batch. */
export function toEntries({ entries, blocks }: LogLines): LogEntry[] {
  return blocks.length === 0 ? entries : [...entries, ...blocks.flatMap(entriesOf)];
}

/** The batch without its first `count` lines. It shares memory with what it was made of. */
export function skipLines({ entries, blocks }: LogLines, count: number): LogLines {
  let skip = Math.max(0, count - entries.length);
  const rest: LogBlock[] = [];
  for (const block of blocks) {
    if (skip < block.lineCount) rest.push(skip === 0 ? block : withoutLines(block, skip));
    skip = Math.max(0, skip - block.lineCount);
  }
  return { entries: entries.slice(count), blocks: rest };
}

/** How many lines end in these bytes. */
export function countNewlines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

function entriesOf({ atMs, stream, text, lineCount, continued }: LogBlock): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf(NEWLINE, start);
    const end = newline === -1 ? text.length : newline;
    const isLast = entries.length === lineCount - 1;
    entries.push(
      create(LogEntrySchema, { atMs, stream, text: text.subarray(start, end), continued: continued && isLast }),
    );
    start = end + 1;
  }
  return entries;
}

function withoutLines(block: LogBlock, count: number): LogBlock {
  const { atMs, stream, text, lineCount, continued } = block;
  let start = 0;
  for (let skipped = 0; skipped < count; skipped++) start = text.indexOf(NEWLINE, start) + 1;
  return create(LogBlockSchema, { atMs, stream, text: text.subarray(start), lineCount: lineCount - count, continued });
}
