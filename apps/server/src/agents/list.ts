import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ListAgentsRequest, ListAgentsResponseSchema } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { createdBefore, creationKey, creationPage, paged } from "../page.ts";
import { agentMessage, selectAgents } from "./agent-message.ts";

/** A page of agents, newest first, in one statement. */
export async function listAgents(
  { db, intervals }: Pick<ServerContext, "db" | "intervals">,
  request: ListAgentsRequest,
): Promise<MessageInitShape<typeof ListAgentsResponseSchema>> {
  const page = creationPage(request.page);
  const read = await selectAgents(db, intervals)
    .select(creationKey("agents").as("key"))
    .$if(page.after !== undefined, (query) => query.where(createdBefore("agents", page.after ?? "")))
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, ({ key }) => key);
  return { agents: rows.map((row) => agentMessage(row, { recentLog: false })), nextPageToken };
}
