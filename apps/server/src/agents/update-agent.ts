import type { UpdateAgentRequest } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import { json } from "../db/json.ts";
import { requireMap } from "../validate.ts";
import { checkedCapacity } from "./offer.ts";
import { agentId } from "./read.ts";

/**
 * Says what an agent, named by id or name, offers instead of what it says itself, or takes that back. It stays until
 * then, whatever the agent says, or until its name is enrolled anew. Matching goes by it at once; what the agent holds
 * goes on. Throws NOT_FOUND, and INVALID_ARGUMENT naming the field.
 */
export async function updateAgent(
  { db, hints }: Pick<ServerContext, "db" | "hints">,
  request: UpdateAgentRequest,
): Promise<void> {
  checkChange(request);
  const id = await agentId(db, request.agent);
  await db.transaction().execute((tx) => change(tx, id, request));
  hints.publish("queue", `agent:${id}`);
}

function checkChange({ labels, ownLabels, capacity, ownCapacity }: UpdateAgentRequest): void {
  if (labels && ownLabels) throw invalidField("own_labels", true, "false with labels");
  if (capacity !== undefined && ownCapacity) throw invalidField("own_capacity", true, "false with capacity");
  if (!labels && !ownLabels && capacity === undefined && !ownCapacity) {
    throw invalidField("labels", "absent", "labels, own_labels, capacity or own_capacity");
  }
}

async function change(tx: Tx, id: string, request: UpdateAgentRequest): Promise<void> {
  const agents = tx.selectFrom("agents").select("serves").where("id", "=", id).forUpdate();
  const { serves } = await agents.executeTakeFirstOrThrow();
  const { labels, ownLabels, capacity, ownCapacity } = request;
  const columns = {
    ...(labels && labelsInstead(labels.labels)),
    ...(ownLabels && { labels: sql<string>`coalesce(own_labels, labels)`, own_labels: null }),
    ...(capacity !== undefined && capacityInstead(checkedCapacity("capacity", capacity, serves))),
    ...(ownCapacity && { capacity: sql<number>`coalesce(own_capacity, capacity)`, own_capacity: null }),
  };
  await tx.updateTable("agents").set(columns).where("id", "=", id).execute();
}

function labelsInstead(labels: Record<string, string>) {
  const checked = requireMap("labels.labels", labels, { maxEntries: 64, maxKey: 128, maxValue: 128 });
  return { labels: json(checked), own_labels: sql<string>`coalesce(own_labels, labels)` };
}

function capacityInstead(capacity: number) {
  return { capacity, own_capacity: sql<number>`coalesce(own_capacity, capacity)` };
}
