import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { EnqueueLogRequestSchema, toEntries, type EnqueueLogRequest } from "@groundcrew/proto";
import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";

const [compress, decompress] = [promisify(zstdCompress), promisify(zstdDecompress)];

/** Lines as they arrive, and as a chunk or a frame of a moved log holds them: as entries or in blocks. */
export type Batch = Pick<EnqueueLogRequest, "firstLine" | "lostBefore" | "entries" | "blocks" | "baseTime">;

/** The lines of a batch one by one, and what their times count from. */
export type BatchEntries = Pick<Batch, "entries" | "baseTime">;

/** A batch as it is stored: a groundcrew.v1.EnqueueLogRequest without its step run, compressed with zstd. */
export function packBatch({ firstLine, lostBefore, entries, blocks, baseTime }: Batch): Promise<Uint8Array> {
  const lines = { firstLine, lostBefore, entries, blocks };
  const stored = create(EnqueueLogRequestSchema, { ...lines, ...(baseTime && { baseTime }) });
  return compress(toBinary(EnqueueLogRequestSchema, stored));
}

/** A batch, of what {@link packBatch} made of it. */
export async function unpackBatch(data: Uint8Array): Promise<Batch> {
  return fromBinary(EnqueueLogRequestSchema, await decompress(data));
}

/** The lines of a packed batch, one by one. To go block by block with {@link unpackBatch} is quicker. */
export async function unpackEntries(data: Uint8Array): Promise<BatchEntries> {
  const batch = await unpackBatch(data);
  return { entries: toEntries(batch), ...(batch.baseTime && { baseTime: batch.baseTime }) };
}
