import { sql } from "kysely";
import type { ServerContext } from "../context.ts";

/** The store keeps what is younger than two days. */
const MIN_AGE_HOURS = 49;

const BATCH = 500;

/**
 * Removes files that a row named and none names any more. One whose row came back meanwhile stays. Returns how many it
 * looked at; more may be left while it is not 0.
 */
export async function removeUnnamedBlobs({ db, blobs }: Pick<ServerContext, "db" | "blobs">): Promise<number> {
  const { rows } = await sql<{ sha256: Uint8Array; named: boolean }>`
    select u.sha256, exists (select from blobs b where b.sha256 = u.sha256)
      or exists (select from caches c where c.sha256 = u.sha256) as named
    from unnamed_blobs u where u.since < now() - ${MIN_AGE_HOURS} * interval '1 hour'
    order by u.since limit ${BATCH}`.execute(db);
  for (const { sha256, named } of rows) {
    if (!named) await blobs.remove(sha256);
    await db.deleteFrom("unnamed_blobs").where("sha256", "=", sha256).execute();
  }
  return rows.length;
}
