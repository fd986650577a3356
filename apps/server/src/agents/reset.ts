import { sql } from "kysely";
import type { ServerContext } from "../context.ts";
import type { Deciding } from "../workflows/transitions.ts";
import { agentId } from "./read.ts";
import { releaseHeld } from "./release-held.ts";

/**
 * Forgets the credential of an agent, named by id or name, so that an enrolment token may enrol its name anew, and
 * ends its leases by their policy. Its process is superseded at its next call. Throws NOT_FOUND.
 */
export async function resetAgent(
  context: Pick<ServerContext, "db" | "hints"> & Deciding,
  agent: string,
  actor: string,
): Promise<void> {
  const id = await agentId(context.db, agent);
  const topics = await context.db.transaction().execute(async (tx) => {
    await tx
      .updateTable("agents")
      .set({ credential_hash: null, generation: sql<string>`generation + 1` })
      .where("id", "=", id)
      .execute();
    return releaseHeld(tx, context, id, { reason: "agent_removed", actor });
  });
  context.hints.publish(...topics, `agent:${id}`);
}
