import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { releaseWorkflow } from "../workflows/transitions.ts";
import { agentId } from "./read.ts";

/**
 * Forgets the credential of an agent, named by id or name, so that an enrolment token may enrol its name anew, and
 * ends its leases by their policy. Its process is superseded at its next call. Throws NOT_FOUND.
 */
export async function resetAgent(
  { db, hints }: Pick<ServerContext, "db" | "hints">,
  agent: string,
  actor: string,
): Promise<void> {
  const id = await agentId(db, agent);
  const topics = await db.transaction().execute(async (tx) => {
    await tx
      .updateTable("agents")
      .set({ credential_hash: null, generation: sql<string>`generation + 1` })
      .where("id", "=", id)
      .execute();
    return releaseAll(tx, id, actor);
  });
  hints.publish(...topics, `agent:${id}`);
}

async function releaseAll(tx: Tx, id: string, actor: string): Promise<Topic[]> {
  const rows = await tx
    .selectFrom("workflows")
    .selectAll()
    .where("agent_id", "=", id)
    .where("state", "in", ["leased", "running"])
    .orderBy("id")
    .forUpdate()
    .execute();
  const topics: Topic[] = [];
  for (const row of rows) topics.push(...(await releaseWorkflow(tx, row, "agent_removed", actor)));
  return topics;
}
