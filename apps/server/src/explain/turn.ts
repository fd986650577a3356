import { sql } from "kysely";
import type { Db } from "../context.ts";
import { takes, type Wanted } from "../queue/eligibility.ts";
import { offeredBy, type AgentFacts } from "./agents.ts";
import { LISTED_MAX, type Reason } from "./reason.ts";
import { wantedOf, type Subject } from "./subject.ts";
import { counted, listed } from "./words.ts";

/**
 * What keeps a queued workflow that the given agents may take. Nothing, when they have a slot for it after all that
 * goes before it: each takes what goes first of what it may take, so that one of them comes to this workflow.
 */
export async function turnReasons(db: Db, takers: readonly AgentFacts[], subject: Subject): Promise<Reason[]> {
  const ahead = await countAhead(db, takers, subject);
  const free = takers.reduce((sum, agent) => sum + agent.free, 0);
  if (free > ahead) return [];
  return [...(free === 0 ? [slotReason(takers)] : []), ...(ahead > 0 ? [turnReason(ahead)] : [])];
}

function slotReason(takers: readonly AgentFacts[]): Reason {
  const names = takers.map(({ name }) => name);
  const who = takers.length === 1 ? "the only agent" : `all ${takers.length} agents`;
  return {
    text: `${who} that may take it have no free slot: ${listed(names)}`,
    reason: { case: "slot", value: { agents: names.slice(0, LISTED_MAX), count: names.length } },
  };
}

function turnReason(ahead: number): Reason {
  return {
    text: `${counted(ahead, "other workflow")} ${ahead === 1 ? "goes" : "go"} before it`,
    reason: { case: "turn", value: { ahead } },
  };
}

/** How many queued workflows that these agents may take go before it, without those of paused repositories. */
async function countAhead(db: Db, takers: readonly AgentFacts[], subject: Subject): Promise<number> {
  const taken = anyTakes(takers);
  const shared = (await queuedClasses(db)).filter((row) => taken(wantedOf(row))).map(({ id }) => id);
  const { priority, fair_key, id } = subject;
  const { rows } = await sql<{ ahead: number }>`
    select count(*)::integer as ahead from workflows
    where state = 'queued' and class_id = any (${shared}::integer[]) and (
      priority > ${priority}
      or (priority = ${priority} and (fair_key, id) < (${fair_key}::bigint, ${id}::bigint))
    )`.execute(db);
  return rows[0]?.ahead ?? 0;
}

/** The label classes of which something may be leased now. */
function queuedClasses(db: Db) {
  return db
    .selectFrom("label_classes as c")
    .selectAll()
    .where(sql<boolean>`exists (select from workflows w where w.state = 'queued' and w.class_id = c.id)`)
    .where(sql<boolean>`not exists (select from pauses p where p.scope = 'repository' and p.target = c.repository)`)
    .execute();
}

/**
 * Whether one of these agents may take work of a class. Of thousands of agents most offer the same, but for their
 * machine: each offer is asked once.
 */
function anyTakes(takers: readonly AgentFacts[]): (wanted: Wanted) => boolean {
  const offers = takers.map(offeredBy);
  const distinct = [...new Map(offers.map((offer) => [JSON.stringify({ ...offer, machineId: "" }), offer])).values()];
  const byMachine = Map.groupBy(offers, ({ machineId }) => machineId);
  const asked = ({ machineId }: Wanted) => (machineId === null ? distinct : (byMachine.get(machineId) ?? []));
  return (wanted) => asked(wanted).some((offered) => takes(offered, wanted));
}
