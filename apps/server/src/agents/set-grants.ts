import type { AgentGrants } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import type { ServerContext } from "../context.ts";
import { checkedGrants } from "./grants.ts";
import { agentId } from "./read.ts";

/**
 * Says whose work an agent, named by id or name, may take from now on; what it holds goes on. Throws NOT_FOUND, and
 * INVALID_ARGUMENT naming the field, also when grants are absent: forgetting them must not open it to everybody's work.
 */
export async function setAgentGrants(
  { db, hints }: Pick<ServerContext, "db" | "hints">,
  agent: string,
  grants: AgentGrants | undefined,
): Promise<void> {
  if (!grants) throw invalidField("grants", "absent", "all that the agent is granted");
  const columns = checkedGrants(grants);
  const id = await agentId(db, agent);
  await db.updateTable("agents").set(columns).where("id", "=", id).execute();
  hints.publish("queue", `agent:${id}`);
}
