import type { BlobInfo } from "@groundcrew/proto";
import { receiveBlob, type BlobUpload } from "../blobs/receive-blob.ts";
import type { Db, ServerContext } from "../context.ts";
import { cacheBlob, type CacheRow } from "./cache-row.ts";
import { writtenScope, type CacheScope } from "./scope.ts";

/** Stores a cache of a lease that is known to be the caller's. One of this key that is there already is answered as it is. */
export async function putCache(context: ServerContext, upload: BlobUpload): Promise<BlobInfo> {
  const scope = await scopeOf(context.db, upload.stepRun.workflowId);
  const known = await find(context.db, scope, upload.name);
  if (known) return cacheBlob(known);
  await receiveBlob(context, upload);
  return cacheBlob(await insert(context.db, scope, upload));
}

async function scopeOf(db: Db, workflowId: string): Promise<CacheScope> {
  const { repository, trusted, pipeline_id } = await db
    .selectFrom("workflows as w")
    .innerJoin("label_classes as c", "c.id", "w.class_id")
    .select(["w.pipeline_id", "c.repository", "c.trusted"])
    .where("w.id", "=", workflowId)
    .executeTakeFirstOrThrow();
  return writtenScope({ repository, trusted, pipelineId: pipeline_id ?? "0" });
}

function find(db: Db, { repository, pipelineId }: CacheScope, key: string): Promise<CacheRow | undefined> {
  return db
    .selectFrom("caches")
    .selectAll()
    .where("repository", "=", repository)
    .where("pipeline_id", "=", pipelineId)
    .where("key", "=", key)
    .executeTakeFirst();
}

/** Of two that store the same key at once the first counts. */
async function insert(db: Db, scope: CacheScope, { name: key, size, sha256 }: BlobUpload): Promise<CacheRow> {
  const { repository, pipelineId: pipeline_id } = scope;
  const row = await db
    .insertInto("caches")
    .values({ repository, pipeline_id, key, size: String(size), sha256 })
    .onConflict((conflict) => conflict.columns(["repository", "pipeline_id", "key"]).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row) return row;
  await db
    .insertInto("unnamed_blobs")
    .values({ sha256 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const first = await find(db, scope, key);
  if (!first) throw new Error("a cache that was in the way of another vanished");
  return first;
}
