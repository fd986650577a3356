import { sql } from "kysely";
import type { ServerContext } from "../context.ts";

/** How long an agent that left for good is still listed, in hours: whoever wonders sees that it did. */
const LISTED_HOURS = 24;

/**
 * Deletes agents that left for good, such as those with `--once`. One that still has a lease to be remembered stays until
 * that goes: it says who ran what, and takes late logs. Returns how many.
 */
export async function removeTerminatedAgents({ db }: Pick<ServerContext, "db">): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with gone as (delete from agents a
    where a.lifecycle = 'terminated'
      and coalesce(a.disconnected_at, a.last_seen_at, a.registered_at) < now() - ${LISTED_HOURS} * interval '1 hour'
      and not exists (select from leases l where l.agent_id = a.id)
    returning a.id), told as (delete from directives where agent_id in (select id from gone))
    select count(*)::int as count from gone`.execute(db);
  return rows[0]?.count ?? 0;
}
