import { sql } from "kysely";
import type { Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import type { EndReasonName } from "../db/schema.ts";
import { isHeld } from "../workflows/rules.ts";
import type { LeaseName } from "../workflows/stale.ts";
import { releaseWorkflows, type Deciding } from "../workflows/transitions.ts";
import { lockWorkflows } from "../workflows/workflow-row.ts";

/** Why an agent's leases end, and which. */
interface Release {
  reason: EndReasonName;
  /** Whose doing it is. */
  actor: string;
  /** Leases that stay. Default: none. */
  except?: readonly LeaseName[];
}

/**
 * Ends the leases of an agent by their policy, in a transaction that holds the agent's row, so that it is given no
 * other meanwhile. Returns the topics to publish after the commit.
 */
export async function releaseHeld(
  tx: Tx,
  context: Deciding,
  agentId: string,
  { reason, actor, except = [] }: Release,
): Promise<Topic[]> {
  const held = await tx
    .selectFrom("workflows")
    .select(["id", "epoch"])
    .where("agent_id", "=", agentId)
    .where(sql<boolean>`state in ('leased', 'running')`)
    .execute();
  const kept = new Set(except.map(({ workflowId, epoch }) => `${workflowId}/${epoch}`));
  const going = held.filter(({ id, epoch }) => !kept.has(`${id}/${epoch}`)).map(({ id }) => id);
  const rows = (await lockWorkflows(tx, going)).filter((row) => row.agent_id === agentId && isHeld(row.state));
  return releaseWorkflows(tx, context, rows, reason, actor);
}
