import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EnqueueLogRequestSchema, type EnqueueLogRequest } from "@groundcrew/proto";
import type { Position } from "./segment.ts";
import type { Spool, SpoolBatch } from "./spool.ts";

/** How a spool is sent. */
export interface SendLogOptions {
  spool: Spool;
  /** Hands a batch to the server until it has answered. */
  enqueue: (request: EnqueueLogRequest) => Promise<{ nextLine: number }>;
  /** How long after the last batch a smaller one is sent, in milliseconds. */
  intervalMs: number;
  /** A batch has at most this many bytes, and never more than 512 KiB. */
  maxBytes: number;
  /** The first line to send. Default 0. */
  fromLine?: number;
  /** Gives up with the signal's reason. */
  signal?: AbortSignal;
}

// With a round trip of 50 ms this is still 100,000 lines of 100 bytes a second.
const BATCH_MAX_BYTES = 512 * 1024;
// The server hands them to a reader one by one, and a short line then costs many times its size in memory.
const BATCH_MAX_LINES = 32 * 1024;
// A line after a silence waits this part of the interval for those that come with it.
const GATHER_PART = 0.1;

/**
 * Sends a spool while it grows, and resolves when it has ended and the server has acknowledged all of it. Goes on
 * wherever the server says, back or forth. Throws the server's refusal, and when the spool is damaged.
 */
export async function sendLog(given: SendLogOptions): Promise<void> {
  const options = { ...given, maxBytes: Math.min(given.maxBytes, BATCH_MAX_BYTES) };
  const { spool, fromLine = 0 } = options;
  let position = await spool.positionOf(fromLine);
  let wantedLine = fromLine;
  let sentMs = -Infinity;
  // One for all batches: memory of this size is not the heap's, and a new one for each keeps the collector busy.
  const buffer = Buffer.allocUnsafeSlow(options.maxBytes);
  while (await moreToSend(options, position, sentMs)) {
    sentMs = performance.now();
    const batch = await spool.read(position, { maxBytes: options.maxBytes, maxLines: BATCH_MAX_LINES, buffer });
    if (batch.blocks.length === 0) throw new Error(`the spool is damaged at line ${position.line}`);
    wantedLine = await sendBatch(options, batch, Math.max(0, position.line - wantedLine));
    position = wantedLine === batch.end.line ? batch.end : await spool.positionOf(wantedLine);
    await spool.acknowledge(position);
  }
}

async function moreToSend(options: SendLogOptions, at: Position, sentMs: number): Promise<boolean> {
  const { spool, signal, intervalMs, maxBytes } = options;
  await spool.changed.until(() => spool.ended || spool.lineCount > at.line, { signal });
  const timeoutMs = Math.max(sentMs + intervalMs - performance.now(), intervalMs * GATHER_PART);
  await spool.changed.until(() => spool.ended || spool.bytesAfter(at) >= maxBytes, { signal, timeoutMs });
  return spool.lineCount > at.line;
}

async function sendBatch(options: SendLogOptions, batch: SpoolBatch, lostBefore: number): Promise<number> {
  const { workflowId, epoch, step, try: count, baseMs } = options.spool.header;
  const request = create(EnqueueLogRequestSchema, {
    stepRun: { workflowId, epoch, step, try: count },
    firstLine: batch.first.line,
    baseTime: timestampFromMs(baseMs),
    blocks: batch.blocks,
    lostBefore,
  });
  const answer = await options.enqueue(request);
  return answer.nextLine;
}
