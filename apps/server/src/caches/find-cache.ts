import type { BlobInfo } from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Db } from "../context.ts";
import type { HeldWorkflow } from "../workflows/held-lease.ts";
import { cacheBlob, type CacheRow } from "./cache-row.ts";
import { readableScopes } from "./scope.ts";

/** Which cache. */
export interface CacheName {
  key: string;
  /** Where the key is not stored: the newest whose key starts with the first of these that starts one. */
  restoreKeys: readonly string[];
}

/** The cache that a workflow is given, marked as used. Its own pipeline's comes before its repository's. */
export async function findCache(db: Db, workflow: HeldWorkflow, name: CacheName): Promise<BlobInfo | undefined> {
  const { rows } = await sql<CacheRow>`
    with wanted as (
      select text, n from unnest(${[name.key, ...name.restoreKeys]}::text[]) with ordinality as w (text, n)
    ), found as (
      select c.id from caches c join wanted w on case when w.n = 1 then c.key = w.text else starts_with(c.key, w.text) end
      where c.repository = ${workflow.repository} and c.pipeline_id = any (${readableScopes(workflow)}::bigint[])
      order by w.n, case when w.n = 1 then c.pipeline_id end desc, c.id desc limit 1
    )
    update caches set last_used_at = now() from found where caches.id = found.id
    returning caches.*`.execute(db);
  return rows[0] && cacheBlob(rows[0]);
}

/** A cache that a workflow may read. Throws NOT_FOUND, for any other as well. */
export async function readableCache(db: Db, workflow: HeldWorkflow, id: string): Promise<BlobInfo> {
  const row = await db
    .selectFrom("caches")
    .selectAll()
    .where("id", "=", id)
    .where("repository", "=", workflow.repository)
    .where("pipeline_id", "in", readableScopes(workflow))
    .executeTakeFirst();
  if (!row) throw notFound("cache", id);
  return cacheBlob(row);
}
