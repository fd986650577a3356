import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { EnqueueLogRequestSchema, toEntries, type EnqueueLogRequest } from "@groundcrew/proto";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress, type ZstdOptions } from "node:zlib";

const [compress, decompress] = [promisify(zstdCompress), promisify(zstdDecompress)];

/**
 * Level 1 takes a third of the time of the default, 3, and what it makes of a log is within a tenth as small. What it
 * makes of a batch comes in one piece, not in many that each wait for a thread.
 */
const COMPRESSION: ZstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 128 * 1024 };

/** Lines as they arrive, and as a chunk or a frame of a moved log holds them: as entries or in blocks. */
export type Batch = Pick<EnqueueLogRequest, "firstLine" | "lostBefore" | "entries" | "blocks" | "baseTime">;

/** The lines of a batch one by one, and what their times count from. */
export type BatchEntries = Pick<Batch, "entries" | "baseTime">;

/** A batch as it is stored: a groundcrew.v1.EnqueueLogRequest without its step run, compressed with zstd. */
export function packBatch({ firstLine, lostBefore, entries, blocks, baseTime }: Batch): Promise<Uint8Array> {
  const lines = { firstLine, lostBefore, entries, blocks };
  const stored = create(EnqueueLogRequestSchema, { ...lines, ...(baseTime && { baseTime }) });
  const bytes = toBinary(EnqueueLogRequestSchema, stored);
  // Told the size, zstd does not prepare tables for one of megabytes.
  return compress(bytes, { ...COMPRESSION, pledgedSrcSize: bytes.length });
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
