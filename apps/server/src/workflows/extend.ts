import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ExtendRequest, ExtendResponseSchema } from "@groundcrew/proto";
import { ExtendOutcome } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { Coalescer, type Outcome } from "../db/coalesce.ts";
import { checkedLease, type LeaseName } from "./stale.ts";

/** No agent holds more than its capacity. */
const LEASES_MAX = 1_024;

type Response = MessageInitShape<typeof ExtendResponseSchema>;

interface Question {
  caller: Caller;
  leases: LeaseName[];
}

/** Renews leases. */
export class Extender {
  readonly #renewals: Coalescer<Question, Response>;

  constructor(context: ServerContext) {
    this.#renewals = new Coalescer({ run: (batch) => renew(context, batch) });
  }

  /** Renews the leases that are still this agent's, however late. A listed grant counts as received. */
  async extend(caller: Caller, { leases }: ExtendRequest): Promise<Response> {
    if (leases.length > LEASES_MAX) throw invalidField("leases", `${leases.length} entries`, `at most ${LEASES_MAX}`);
    const checked = leases.map((lease) => checkedLease(lease, "leases."));
    return checked.length === 0 ? { leases: [] } : this.#renewals.ask({ caller, leases: checked });
  }
}

/** One statement for many agents. Rows are locked in the order of their ids, like everybody does. */
async function renew({ db, intervals }: ServerContext, batch: readonly Question[]): Promise<Outcome<Response>[]> {
  const named = batch.flatMap(({ caller, leases }) => leases.map((lease) => ({ ...lease, agentId: caller.agentId })));
  const ids = named.map(({ workflowId }) => workflowId);
  const { rows } = await sql<{ id: string; epoch: string; agent_id: string; canceling: boolean }>`
    with held as (
      select w.id, w.epoch, w.agent_id, w.state, w.cancel_requested_at is not null as canceling from workflows w
      where w.id = any (${ids}::bigint[]) order by w.id for update
    ), ours as (
      select distinct held.* from held
      join unnest(${ids}::bigint[], ${named.map(({ epoch }) => epoch)}::bigint[],
        ${named.map(({ agentId }) => agentId)}::uuid[]) as named (id, epoch, agent_id)
        on named.id = held.id and named.epoch = held.epoch and named.agent_id = held.agent_id
      where held.state in ('leased', 'running')
    ), renewed as (
      update workflows w set received = true, expires_at = now() + ${intervals.leaseTtlMs} * interval '1 millisecond'
      from ours where w.id = ours.id
    )
    select id, epoch, agent_id, canceling from ours`.execute(db);
  const renewed = new Map(rows.map((row) => [`${row.id}/${row.epoch}/${row.agent_id}`, row.canceling]));
  return batch.map(({ caller, leases }) => ({
    value: {
      leases: leases.map(({ workflowId, epoch }) => ({
        workflowId,
        epoch,
        outcome: outcomeOf(renewed.get(`${workflowId}/${epoch}/${caller.agentId}`)),
      })),
    },
  }));
}

function outcomeOf(canceling: boolean | undefined): ExtendOutcome {
  if (canceling === undefined) return ExtendOutcome.LOST;
  return canceling ? ExtendOutcome.CANCEL_REQUESTED : ExtendOutcome.RENEWED;
}
