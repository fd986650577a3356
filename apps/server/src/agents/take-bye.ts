import type { ReportHealthRequest } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import type { Poller } from "../queue/next.ts";
import { checkedLease } from "../workflows/stale.ts";
import type { Caller } from "./caller.ts";
import type { HealthDesk } from "./health.ts";
import { releaseHeld } from "./release-held.ts";

/** What the last report of a process has to do with. */
export interface ByeNeeds {
  context: ServerContext;
  /** Where the agent's polls wait. */
  poller: Pick<Poller, "dismiss">;
  health: HealthDesk;
}

/**
 * Takes the report with which a process says bye. What it was granted and does not list goes back by its policy: it no
 * longer listened when it was granted that. A process that was superseded hands back nothing and is refused.
 */
export async function takeBye(
  { context, poller, health }: ByeNeeds,
  caller: Caller,
  request: ReportHealthRequest,
): ReturnType<HealthDesk["report"]> {
  // A statement in flight could grant it something after the leases were looked through.
  await poller.dismiss(caller);
  const answer = await health.report(caller, request);
  await handBack(context, caller, request.held);
  return answer;
}

async function handBack(context: ServerContext, caller: Caller, held: ReportHealthRequest["held"]): Promise<void> {
  const except = held.map((lease) => checkedLease(lease, "held."));
  const { agentId, generation, name: actor } = caller;
  const topics = await context.db.transaction().execute(async (tx) => {
    const agent = tx.selectFrom("agents").select("id").where("id", "=", agentId).where("generation", "=", generation);
    if (!(await agent.forUpdate().executeTakeFirst())) return [];
    return releaseHeld(tx, context, agentId, { reason: "handed_back", actor, except });
  });
  context.hints.publish(...topics);
}
