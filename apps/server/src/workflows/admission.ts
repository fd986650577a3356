import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { json } from "../db/json.ts";
import { placeOf } from "./rules.ts";
import { topicsOf } from "./workflow-row.ts";

/** What admission works with. */
export type Admitting = Pick<ServerContext, "replica" | "turns">;

/** A blocked, locked workflow that waits for no other workflow any more. */
export interface Ready {
  id: string;
  pipeline_id: string | null;
  epoch: string;
  concurrency_group: string | null;
  /** Its moment has not come. */
  delayed: boolean;
  /** It needs an approval that nobody has given. */
  unapproved: boolean;
  pool: string;
  owner: string;
}

/** What admission came to. */
export interface Admitted {
  topics: Topic[];
  /** Groups that have somebody new waiting for a place. */
  groups: string[];
}

/** Lets what is ready into the queue; what must wait for its moment, or for a place in its group, stays blocked. */
export async function admit(tx: Tx, { replica, turns }: Admitting, ready: readonly Ready[]): Promise<Admitted> {
  if (ready.length === 0) return { topics: [], groups: [] };
  const placed = ready.map((each) => ({
    ...each,
    ...placeOf({ ...each, grouped: each.concurrency_group !== null }),
    turn: turns.take(each.pool, each.owner),
  }));
  await sql`
    with given as (
      select * from jsonb_to_recordset(${json(placed)}) as g (id bigint, epoch bigint, turn bigint, state text, reason text)
    ), changed as (
      update workflows w set
        state = g.state,
        block_reason = g.reason,
        fair_key = g.turn,
        queued_at = case when g.state = 'queued' then now() end,
        queue_deadline = case when g.state = 'queued' then now() + w.queue_timeout_ms * interval '1 millisecond' end
      from given g where w.id = g.id
    )
    insert into workflow_events (workflow_id, from_state, to_state, epoch, actor, replica)
    select id, 'blocked', 'queued', epoch, 'server', ${replica} from given where state = 'queued' order by id`.execute(
    tx,
  );
  const queued = placed.filter(({ state }) => state === "queued");
  const waiting = placed.filter(({ reason }) => reason === "limit");
  return {
    topics: queued.length > 0 ? ["queue", ...queued.flatMap(topicsOf)] : [],
    groups: waiting.flatMap(({ concurrency_group: group }) => group ?? []),
  };
}
