import { sql } from "kysely";
import type { Db } from "../context.ts";
import type { LeaseName } from "../workflows/stale.ts";
import type { Caller } from "./caller.ts";

/**
 * Notes that agents know of the grants that they list, without renewing them, in one statement. A lease that is not
 * the agent's own is left alone. Locks only what is news, in id order like everybody locks.
 */
export async function markHeld(db: Db, reports: readonly { caller: Caller; held: LeaseName[] }[]): Promise<void> {
  const listed = reports.flatMap(({ caller: { agentId }, held }) => held.map((lease) => ({ ...lease, agentId })));
  if (listed.length === 0) return;
  // By id, epoch and agent alone: a condition on the state has the planner scan the small index of held leases, dead
  // entries and all. An ended workflow with this epoch only learns that its grant had been received.
  await sql`
    with news as (
      select w.id
      from unnest(${listed.map(({ workflowId }) => workflowId)}::bigint[], ${listed.map(({ epoch }) => epoch)}::bigint[],
        ${listed.map(({ agentId }) => agentId)}::uuid[]) as listed (id, epoch, agent_id)
      join workflows w on w.id = listed.id and w.epoch = listed.epoch and w.agent_id = listed.agent_id
      where not w.received
      order by w.id for update of w
    )
    update workflows w set received = true from news where w.id = news.id`.execute(db);
}
