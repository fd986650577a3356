import { timestampFromMs, timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { countLines, countTextBytes } from "@groundcrew/proto";
import type { FrameRow } from "../../db/schema.ts";
import { packBatch, unpackBatch, type Batch } from "../batch.ts";
import type { Chunk } from "../chunks.ts";

/** How much text a frame gathers, in bytes: enough to compress well, little enough to read for one line of it. */
const FRAME_BYTES = 512 * 1024;

/** The longest time that entries of one frame are apart, in milliseconds: theirs are 32 bits on the wire. */
const FRAME_MAX_MS = 2 ** 31;

/** A part of a moved log: a whole zstd frame, and what is in it. */
interface Frame {
  data: Uint8Array;
  row: FrameRow;
}

/** A frame in the making. */
interface Gathered extends Omit<Batch, "baseTime"> {
  baseMs: number | undefined;
  bytes: number;
}

/**
 * The frames of a log that is whole: many small chunks become few frames, each of which can be read alone. Lines that no
 * chunk has become a visible gap.
 */
export async function* framesOf(chunks: AsyncIterable<Chunk>, fromLine = 0): AsyncGenerator<Frame> {
  let nextLine = fromLine;
  let gathered: Gathered | undefined;
  for await (const chunk of chunks) {
    const batch = await unpackBatch(chunk.data);
    const lostBefore = chunk.firstLine - nextLine;
    if (gathered && !fits(gathered, lostBefore, batch)) {
      yield await frameOf(gathered);
      gathered = undefined;
    }
    gathered ??= emptyFrame(chunk.firstLine, lostBefore, batch.baseTime);
    gather(gathered, batch);
    nextLine = chunk.firstLine + chunk.lineCount;
  }
  if (gathered) yield await frameOf(gathered);
}

function emptyFrame(firstLine: number, lostBefore: number, baseTime: Timestamp | undefined): Gathered {
  return { firstLine, lostBefore, baseMs: msOf(baseTime), entries: [], blocks: [], bytes: 0 };
}

function fits({ baseMs, bytes, blocks }: Gathered, lostBefore: number, { entries, baseTime }: Batch): boolean {
  const ms = msOf(baseTime);
  // Entries come before blocks in a batch, whatever their numbers are.
  if (blocks.length > 0 && entries.length > 0) return false;
  if (lostBefore > 0 || bytes >= FRAME_BYTES || baseMs === undefined || ms === undefined) return false;
  // The clock of an agent may be set back; what is before a frame's base begins another.
  return ms >= baseMs && ms - baseMs < FRAME_MAX_MS;
}

function gather(gathered: Gathered, batch: Batch): void {
  const laterMs = (msOf(batch.baseTime) ?? 0) - (gathered.baseMs ?? 0);
  for (const entry of batch.entries) gathered.entries.push({ ...entry, atMs: entry.atMs + laterMs });
  for (const block of batch.blocks) gathered.blocks.push({ ...block, atMs: block.atMs + laterMs });
  gathered.bytes += countTextBytes(batch);
}

async function frameOf({ firstLine, lostBefore, baseMs, entries, blocks }: Gathered): Promise<Frame> {
  const baseTime = baseMs === undefined ? {} : { baseTime: timestampFromMs(baseMs) };
  const data = await packBatch({ firstLine, lostBefore, entries, blocks, ...baseTime });
  return { data, row: [firstLine, countLines({ entries, blocks }), lostBefore, data.length] };
}

function msOf(time: Timestamp | undefined): number | undefined {
  return time && timestampMs(time);
}
