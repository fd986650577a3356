import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EnqueueLogRequestSchema, LogEntrySchema, type EnqueueLogRequest } from "@groundcrew/proto";
import type { Position } from "./segment.ts";
import type { Spool, SpoolBatch } from "./spool.ts";

/** How a spool is sent. */
export interface SendLogOptions {
  spool: Spool;
  /** Hands a batch to the server until it has answered. */
  enqueue: (request: EnqueueLogRequest) => Promise<{ nextLine: number }>;
  /** How long lines may wait for a batch to fill, in milliseconds. */
  intervalMs: number;
  /** A batch has at most this many bytes, and never more than 256 KiB. */
  maxBytes: number;
  /** The first line to send. Default 0. */
  fromLine?: number;
  /** Gives up with the signal's reason. */
  signal?: AbortSignal;
}

// Short lines cost many times their size in memory while a batch is made. With a round trip of 50 ms this is still
// more than 200,000 short lines a second.
const BATCH_MAX_BYTES = 256 * 1024;

/**
 * Sends a spool while it grows, and resolves when it has ended and the server has acknowledged all of it. Goes on
 * wherever the server says, back or forth. Throws the server's refusal, and when the spool is damaged.
 */
export async function sendLog(given: SendLogOptions): Promise<void> {
  const options = { ...given, maxBytes: Math.min(given.maxBytes, BATCH_MAX_BYTES) };
  const { spool, fromLine = 0 } = options;
  let position = await spool.positionOf(fromLine);
  let wantedLine = fromLine;
  while (await moreToSend(options, position)) {
    const batch = await spool.read(position, options.maxBytes);
    if (batch.lines.length === 0) throw new Error(`the spool is damaged at line ${position.line}`);
    wantedLine = await sendBatch(options, batch, Math.max(0, position.line - wantedLine));
    position = wantedLine === batch.end.line ? batch.end : await spool.positionOf(wantedLine);
    await spool.acknowledge(position);
  }
}

async function moreToSend({ spool, signal, intervalMs, maxBytes }: SendLogOptions, at: Position): Promise<boolean> {
  await spool.changed.until(() => spool.ended || spool.lineCount > at.line, { signal });
  await spool.changed.until(() => spool.ended || spool.bytesAfter(at) >= maxBytes, { signal, timeoutMs: intervalMs });
  return spool.lineCount > at.line;
}

async function sendBatch(options: SendLogOptions, batch: SpoolBatch, lostBefore: number): Promise<number> {
  const { workflowId, epoch, step, try: count, baseMs } = options.spool.header;
  const request = create(EnqueueLogRequestSchema, {
    stepRun: { workflowId, epoch, step, try: count },
    firstLine: batch.first.line,
    baseTime: timestampFromMs(baseMs),
    entries: batch.lines.map((line) => create(LogEntrySchema, line)),
    lostBefore,
  });
  const answer = await options.enqueue(request);
  return answer.nextLine;
}
