import type { Agent } from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import type { Db, ServerContext } from "../context.ts";
import { isUuid, requireText } from "../validate.ts";
import { agentMessage, selectAgents } from "./agent-message.ts";

/** An agent by its id or name. Throws NOT_FOUND. */
export async function readAgent(
  { db, intervals }: Pick<ServerContext, "db" | "intervals">,
  agent: string,
): Promise<Agent> {
  const id = await agentId(db, agent);
  const row = await selectAgents(db, intervals).where("id", "=", id).executeTakeFirstOrThrow();
  return agentMessage(row, { recentLog: true });
}

/** The id of an agent that is named by its id or name. Throws NOT_FOUND. */
export async function agentId(db: Db, agent: string): Promise<string> {
  requireText("agent", agent, { min: 1, max: 63, expected: "an agent's id or name" });
  const row = await db
    .selectFrom("agents")
    .select("id")
    .where(isUuid(agent) ? "id" : "name", "=", agent)
    .executeTakeFirst();
  if (!row) throw notFound("agent", agent);
  return row.id;
}
