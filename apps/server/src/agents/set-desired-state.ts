import type { DesiredState } from "@groundcrew/proto";
import { conflict } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import type { Deciding } from "../workflows/transitions.ts";
import { lifecycleOf, mayBecome, type Lifecycle } from "./desired-state.ts";
import { agentId } from "./read.ts";
import { releaseHeld } from "./release-held.ts";

/**
 * Says what the operator wants of an agent, named by id or name. Idempotent. Draining: it is given no more work, and
 * what it holds goes on. Terminated: its leases end by their policy, and its credential with them. Throws NOT_FOUND,
 * INVALID_ARGUMENT naming the field, and FAILED_PRECONDITION for one that is terminated.
 */
export async function setDesiredState(
  context: Pick<ServerContext, "db" | "hints"> & Deciding,
  agent: string,
  wanted: DesiredState,
  actor: string,
): Promise<void> {
  const to = lifecycleOf(wanted);
  const id = await agentId(context.db, agent);
  const topics = await context.db.transaction().execute((tx) => become(tx, context, { id, to, actor }));
  context.hints.publish("queue", `agent:${id}`, ...topics);
}

interface Change {
  id: string;
  to: Lifecycle;
  actor: string;
}

async function become(tx: Tx, context: Deciding, { id, to, actor }: Change): Promise<Topic[]> {
  const agents = tx.selectFrom("agents").select(["name", "lifecycle"]).where("id", "=", id).forUpdate();
  const { name, lifecycle: from } = await agents.executeTakeFirstOrThrow();
  if (!mayBecome(from, to)) throw conflict(`agent ${name} is ${from} for good; enrol its name anew`);
  if (from === to) return [];
  await tx.updateTable("agents").set({ lifecycle: to }).where("id", "=", id).execute();
  if (to !== "terminated") return [];
  await tx
    .updateTable("agents")
    .set({ credential_hash: null, generation: sql<string>`generation + 1`, disconnected_at: sql<Date>`now()` })
    .where("id", "=", id)
    .execute();
  return releaseHeld(tx, context, id, { reason: "agent_removed", actor });
}
