import { conflict } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext } from "../context.ts";
import type { Caller } from "./caller.ts";

/** Ends an agent's credential for good. Refused while it holds a lease: its work would be cut without a word. */
export async function unregisterAgent(context: ServerContext, caller: Caller): Promise<void> {
  await context.db.transaction().execute(async (tx) => {
    await tx.selectFrom("agents").select("id").where("id", "=", caller.agentId).forUpdate().execute();
    const held = await tx
      .selectFrom("workflows")
      .select("id")
      .where("agent_id", "=", caller.agentId)
      .where(sql<boolean>`state in ('leased', 'running')`)
      .executeTakeFirst();
    if (held) throw conflict(`the agent still holds workflow ${held.id}; end or hand it back first`);
    await tx
      .updateTable("agents")
      .set({ lifecycle: "terminated", credential_hash: null })
      .where("id", "=", caller.agentId)
      .where("generation", "=", caller.generation)
      .execute();
  });
}
