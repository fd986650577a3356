import { sql } from "kysely";
import type { ServerContext } from "../context.ts";

/** How long the lease of an end is kept, in hours: an hour longer than its late logs are taken. */
const KEPT_HOURS = 25;

/** How many of the oldest are looked at in one statement. */
const BATCH = 10_000;

/**
 * Removes leases that ended so long ago that nothing is taken under them any more. Looks at the oldest only, whose
 * epochs are the smallest. Returns how many it removed.
 */
export async function removeOldLeases({ db }: Pick<ServerContext, "db">): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from leases where epoch in (select epoch from leases order by epoch limit ${BATCH})
      and ended_at < now() - ${KEPT_HOURS} * interval '1 hour'`.execute(db);
  return Number(numAffectedRows);
}
