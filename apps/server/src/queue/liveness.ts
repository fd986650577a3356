import { sql } from "kysely";
import type { Db } from "../context.ts";

/**
 * Says that servers are up, and since when without a gap. Every replica calls it every TTL/6. A gap over TTL/2 starts
 * the stretch anew, so that nothing expires because of an outage of the servers.
 */
export async function beat(db: Db, leaseTtlMs: number): Promise<void> {
  await sql`
    update liveness set
      up_since = case
        when now() - alive_at > ${leaseTtlMs / 2} * interval '1 millisecond' then now() else up_since
      end,
      alive_at = now()`.execute(db);
}
