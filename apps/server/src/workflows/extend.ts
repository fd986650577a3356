import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ExtendRequest, ExtendResponseSchema, HeldLease } from "@groundcrew/proto";
import { ExtendOutcome } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Caller } from "../agents/caller.ts";
import type { Db, ServerContext } from "../context.ts";
import { checkedLease } from "./stale.ts";

/** No agent holds more than its capacity. */
const LEASES_MAX = 1_024;

/** Renews the leases that are still this agent's, however late, in one statement. A listed grant counts as received. */
export async function extendLeases(
  { db, intervals }: ServerContext,
  caller: Caller,
  { leases }: ExtendRequest,
): Promise<MessageInitShape<typeof ExtendResponseSchema>> {
  const { rows } = await sql<{ id: string; epoch: string; canceling: boolean }>`
    with held as (${lockHeldLeases(caller, leases)})
    update workflows w
    set received = true, expires_at = now() + ${intervals.leaseTtlMs} * interval '1 millisecond'
    from held where w.id = held.id
    returning w.id, w.epoch, w.cancel_requested_at is not null as canceling`.execute(db);
  const renewed = new Map(rows.map(({ id, epoch, canceling }) => [`${id}/${epoch}`, canceling]));
  return {
    leases: leases.map(({ workflowId, epoch }) => ({
      workflowId,
      epoch,
      outcome: outcomeOf(renewed.get(`${workflowId}/${epoch}`)),
    })),
  };
}

/** Notes that an agent knows of its grants, without renewing them. */
export async function markReceived(db: Db, caller: Caller, leases: HeldLease[]): Promise<void> {
  if (leases.length === 0) return;
  await sql`
    with held as (${lockHeldLeases(caller, leases)})
    update workflows w set received = true
    from held where w.id = held.id and not w.received`.execute(db);
}

/** Selects the ids of the leases that are still this agent's, locked in id order like everybody locks. */
function lockHeldLeases(caller: Caller, leases: HeldLease[]) {
  if (leases.length > LEASES_MAX) throw invalidField("leases", `${leases.length} entries`, `at most ${LEASES_MAX}`);
  const checked = leases.map((lease) => checkedLease(lease, "leases."));
  const ids = checked.map(({ workflowId }) => workflowId);
  const epochs = checked.map(({ epoch }) => epoch);
  return sql`
    select w.id from workflows w
    join unnest(${ids}::bigint[], ${epochs}::bigint[]) as named (id, epoch) on named.id = w.id and named.epoch = w.epoch
    where w.agent_id = ${caller.agentId} and w.state in ('leased', 'running')
    order by w.id for update of w`;
}

function outcomeOf(canceling: boolean | undefined): ExtendOutcome {
  if (canceling === undefined) return ExtendOutcome.LOST;
  return canceling ? ExtendOutcome.CANCEL_REQUESTED : ExtendOutcome.RENEWED;
}
