import { sql } from "kysely";
import type { Db, ServerContext } from "../context.ts";

/** How much is kept of caches. */
export interface CacheLimits {
  /** Of one repository, in bytes. */
  cacheMaxBytes: number;
  /** Since it was last used, in milliseconds. */
  cacheMaxAgeMs: number;
}

/**
 * Removes caches that nothing has used for too long and, of repositories with too much of them, the least recently used.
 * Those of untrusted pipelines go first: they must not push out what the repository relies on. Returns how many.
 */
export function evictCaches(
  { db }: Pick<ServerContext, "db">,
  { cacheMaxBytes, cacheMaxAgeMs }: CacheLimits,
): Promise<number> {
  return removeCaches(
    db,
    sql`
    select id from (
      select id, last_used_at, sum(size) over (
        partition by repository order by (pipeline_id = 0) desc, last_used_at desc, id desc) as upto
      from caches
    ) ranked
    where upto > ${cacheMaxBytes} or last_used_at < now() - ${cacheMaxAgeMs} * interval '1 millisecond'`,
  );
}

/** Removes the caches whose ids a query gives, and has their files removed once none names them. Returns how many. */
export async function removeCaches(db: Db, ids: ReturnType<typeof sql>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with gone as (delete from caches where id in (${ids}) returning sha256),
    unnamed as (
      insert into unnamed_blobs (sha256) select distinct sha256 from gone
      on conflict (sha256) do update set since = now()
    )
    select count(*)::integer as count from gone`.execute(db);
  return rows[0]?.count ?? 0;
}
