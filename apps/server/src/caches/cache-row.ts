import { create } from "@bufbuild/protobuf";
import { BlobInfoSchema, CacheInfoSchema, type BlobInfo, type CacheInfo } from "@groundcrew/proto";
import type { Selectable } from "kysely";
import type { Database } from "../db/schema.ts";
import { timestampOf } from "../names.ts";

/** A cache's row. */
export type CacheRow = Selectable<Database["caches"]>;

/** A cache as agents see it: a file named by its key. */
export function cacheBlob(row: CacheRow): BlobInfo {
  const { id, key: name, size, sha256 } = row;
  const contentType = "application/zstd";
  return create(BlobInfoSchema, { id, name, size, sha256, contentType, createdAt: timestampOf(row.created_at) });
}

/** A cache as people see it. */
export function cacheMessage(row: CacheRow): CacheInfo {
  return create(CacheInfoSchema, {
    id: row.id,
    repository: row.repository,
    key: row.key,
    pipelineId: row.pipeline_id,
    size: row.size,
    createdAt: timestampOf(row.created_at),
    lastUsedAt: timestampOf(row.last_used_at),
  });
}
