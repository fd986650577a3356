import type { MessageInitShape } from "@bufbuild/protobuf";
import { EndReason, WorkflowState, type InitRequest, type NextActionSchema } from "@groundcrew/proto";
import { sql } from "kysely";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext, Tx } from "../context.ts";
import { Coalescer, type Outcome } from "../db/coalesce.ts";
import type { WorkflowStateName, WorkKindName } from "../db/schema.ts";
import { nextOfVetting } from "../vetting/advance.ts";
import { fence, isHeld } from "./rules.ts";
import { checkedLease, lockHeld, staleEpoch, type LeaseName } from "./stale.ts";
import { topicsOf, type WorkflowRow } from "./workflow-row.ts";

type NextAction = MessageInitShape<typeof NextActionSchema>;

/** What clean-up steps may take after the workflow's timeout, in milliseconds: no agent allows them more. */
const CLEANUP_MS = 300_000;

/** Whether a workflow `w` has a step that may run after its timeout, as agents see it. */
const hasCleanUp = sql<boolean>`
  w.plan @? '$.steps[*] ? (@.always == true || @.condition like_regex "(always|canceled) *[(]")'`;

interface Question extends LeaseName {
  caller: Caller;
}

/** Starts workflows: counts the attempt and sets the deadline, once, and tells what is next. */
export class Initializer {
  readonly #context: ServerContext;
  readonly #starts: Coalescer<Question, Started>;

  constructor(context: ServerContext) {
    this.#context = context;
    this.#starts = new Coalescer({ run: (batch) => start(context, batch) });
  }

  /** The workflow started. Idempotent. Throws StaleEpoch. */
  async init(caller: Caller, request: InitRequest): Promise<NextAction> {
    const name = checkedLease(request);
    const { kind, canceling } = await this.#starts.ask({ ...name, caller });
    if (canceling) return stopCanceled;
    if (kind === "build") return goOn;
    return this.#context.db
      .transaction()
      .execute(async (tx) => nextAction(tx, this.#context, await lockHeld(tx, caller, name)));
  }
}

interface Started {
  kind: WorkKindName;
  canceling: boolean;
}

interface StartRow extends Started {
  id: string | null;
  epoch: string;
  agent_id: string | null;
  pipeline_id: string | null;
  state: WorkflowStateName;
}

async function start(context: ServerContext, batch: readonly Question[]): Promise<Outcome<Started>[]> {
  const { db, hints, intervals, replica } = context;
  const { rows } = await sql<StartRow>`
    with asked as (
      select * from unnest(${batch.map(({ workflowId }) => workflowId)}::bigint[],
        ${batch.map(({ epoch }) => epoch)}::bigint[], ${batch.map(({ caller }) => caller.agentId)}::uuid[]
      ) with ordinality as a (id, epoch, agent_id, n)
    ), held as (
      select w.id, w.epoch, w.agent_id, w.agent_name, w.state, w.kind, w.pipeline_id,
        w.cancel_requested_at is not null as canceling
      from workflows w where w.id = any (${batch.map(({ workflowId }) => workflowId)}::bigint[])
      order by w.id for update
    ), started as (
      update workflows w set state = 'running', received = true, attempt = w.attempt + 1, started_at = now(),
        deadline = now() + (w.timeout_ms + case when ${hasCleanUp} then ${CLEANUP_MS} else 0 end)
          * interval '1 millisecond',
        expires_at = now() + ${intervals.leaseTtlMs} * interval '1 millisecond'
      from held where w.id = held.id and held.state = 'leased' and exists (
        select from asked a where a.id = held.id and a.epoch = held.epoch and a.agent_id = held.agent_id)
      returning w.id, w.epoch, w.agent_name
    ), history as (
      insert into workflow_events (workflow_id, from_state, to_state, epoch, actor, replica)
      select id, 'leased', 'running', epoch, agent_name, ${replica} from started order by id
    )
    select held.* from asked a left join held on held.id = a.id order by a.n`.execute(db);
  hints.publish(...rows.flatMap(({ id, pipeline_id }) => (id === null ? [] : topicsOf({ id, pipeline_id }))));
  return batch.map((question, index) => outcomeOf(question, rows[index]));
}

function outcomeOf(question: Question, row: StartRow | undefined): Outcome<Started> {
  const stored = row && row.id !== null ? row : undefined;
  const named = { epoch: question.epoch, agentId: question.caller.agentId };
  const ours = stored && fence({ epoch: stored.epoch, agentId: stored.agent_id }, named) === "ours";
  return ours && isHeld(stored.state) ? { value: stored } : { error: staleEpoch(question, stored) };
}

/** Go on by the plan. */
export const goOn = { action: { case: "goOn", value: {} } } as const satisfies NextAction;

/** Stop: somebody canceled the workflow. */
export const stopCanceled = {
  action: { case: "stop", value: { state: WorkflowState.CANCELED, endReason: EndReason.CANCELED } },
} as const satisfies NextAction;

/** What an agent does after a report: a build goes by its plan, a vetting run by the server. */
export async function nextAction(tx: Tx, context: ServerContext, row: WorkflowRow): Promise<NextAction> {
  if (row.cancel_requested_at) return stopCanceled;
  return row.kind === "vetting" ? nextOfVetting(tx, context, row) : goOn;
}
