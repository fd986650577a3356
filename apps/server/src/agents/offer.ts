import { sql } from "kysely";
import type { Db } from "../context.ts";
import { json } from "../db/json.ts";
import type { WorkKindName } from "../db/schema.ts";
import { requireMap, requireRange } from "../validate.ts";
import type { Caller } from "./caller.ts";

/** What an agent offers to workflows. */
export interface Offer {
  labels: Record<string, string>;
  /** How many workflows it runs at once. */
  capacity: number;
}

/** Checks what an agent offers. Throws INVALID_ARGUMENT naming the field. */
export function checkedOffer({ labels, capacity }: Offer, field: string, serves: WorkKindName = "build"): Offer {
  return {
    labels: requireMap(`${field}.labels`, labels, { maxEntries: 64, maxKey: 128, maxValue: 128 }),
    capacity: checkedCapacity(`${field}.capacity`, capacity, serves),
  };
}

/** Checks how many workflows an agent is to run at once: a vetting run has its machine to itself. */
export function checkedCapacity(field: string, capacity: number, serves: WorkKindName): number {
  return requireRange(field, capacity, 1, serves === "vetting" ? 1 : 1024);
}

/** The columns of a known agent that says what it offers. Where an operator has said otherwise, that stays in force. */
export function offered({ labels, capacity }: Offer) {
  const said = sql<string>`${json(labels)}::jsonb`;
  return {
    labels: sql<string>`case when own_labels is null then ${said} else labels end`,
    own_labels: sql<string | null>`case when own_labels is null then null else ${said} end`,
    capacity: sql<number>`case when own_capacity is null then ${capacity}::integer else capacity end`,
    own_capacity: sql<number | null>`case when own_capacity is null then null else ${capacity}::integer end`,
  };
}

interface Said {
  caller: Caller;
  offer: Offer | undefined;
}

/**
 * Notes what agents offer from now on; a process that was superseded changes nothing. Returns the ids of the agents
 * that offer something else now. Each takes a statement: it is what a person changed in a file.
 */
export async function noteOffers(db: Db, reports: readonly Said[]): Promise<string[]> {
  const changed: string[] = [];
  for (const { caller, offer } of reports) {
    if (offer && (await note(db, caller, offer))) changed.push(caller.agentId);
  }
  return changed;
}

async function note(db: Db, { agentId, generation }: Caller, offer: Offer): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("agents")
    .set(offered(offer))
    .where("id", "=", agentId)
    .where("generation", "=", generation)
    // A vetting run has its machine to itself, whatever the agent says.
    .where((eb) => eb.or([eb("serves", "!=", "vetting"), eb.lit(offer.capacity === 1)]))
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}
