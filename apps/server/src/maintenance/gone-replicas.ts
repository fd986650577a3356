import { sql } from "kysely";
import type { ServerContext } from "../context.ts";

/** How long a replica is remembered after its last beat, in hours: until whoever wonders has seen that it is gone. */
const REMEMBERED_HOURS = 1;

/** Forgets replicas that ended without a word. Returns how many. */
export async function removeGoneReplicas({ db }: Pick<ServerContext, "db">): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom("replicas")
    .where("alive_at", "<", sql<Date>`now() - ${REMEMBERED_HOURS} * interval '1 hour'`)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
