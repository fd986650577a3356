import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NextActionSchema, UpdateRequest } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { Coalescer, type Outcome } from "../db/coalesce.ts";
import { json } from "../db/json.ts";
import type { StepStateName, WorkflowStateName, WorkKindName } from "../db/schema.ts";
import { stepStateName } from "../names.ts";
import { recordTestResults } from "../test-results/record.ts";
import { checkedTime, requireRange, requireText } from "../validate.ts";
import { recordStageReport } from "../vetting/advance.ts";
import { goOn, nextAction, stopCanceled } from "./init.ts";
import { CHECKOUT_STEP } from "./plan.ts";
import { fence, isHeld } from "./rules.ts";
import { lockHeld, staleEpoch } from "./stale.ts";
import { checkedStepRun, lockStepRun, noSuchStep, type StepRunName } from "./step-run.ts";
import { topicsOf } from "./workflow-row.ts";

type NextAction = MessageInitShape<typeof NextActionSchema>;
type Report = ReturnType<typeof checkedReport>;

interface Question {
  caller: Caller;
  name: StepRunName;
  report: Report;
}

/** Takes what agents say of their step runs. */
export class StepReporter {
  readonly #context: ServerContext;
  readonly #reports: Coalescer<Question, Reported>;

  constructor(context: ServerContext) {
    this.#context = context;
    this.#reports = new Coalescer({ run: (batch) => store(context, batch) });
  }

  /** Stores a step run's state unless a newer report came first, and tells what is next. */
  async update(caller: Caller, request: UpdateRequest): Promise<NextAction> {
    const question = { caller, name: checkedStepRun(request.stepRun), report: checkedReport(request) };
    const { kind, canceling } = await this.#reports.ask(question);
    if (request.tests) await recordTestResults(this.#context.db, question.name, request.tests);
    if (kind === "vetting") return this.#updateStage(question);
    return canceling ? stopCanceled : goOn;
  }

  /** A stage's report moves its run on, which takes a transaction of its own. */
  async #updateStage({ caller, name, report }: Question): Promise<NextAction> {
    const { db, hints } = this.#context;
    const { row, next } = await db.transaction().execute(async (tx) => {
      const row = await lockHeld(tx, caller, name);
      const stepRun = await lockStepRun(tx, name);
      if (Number(stepRun.sequence) < report.sequence) {
        await tx.updateTable("step_runs").set(report).where("id", "=", stepRun.id).execute();
        await recordStageReport(tx, this.#context, row, { ...stepRun, ...report });
      }
      const going = report.state === "pending" || report.state === "running";
      return { row, next: going && !row.cancel_requested_at ? goOn : await nextAction(tx, this.#context, row) };
    });
    hints.publish(...topicsOf(row));
    return next;
  }
}

function checkedReport(request: UpdateRequest) {
  const state = stepStateName(request.state);
  if (!state) throw invalidField("state", request.state, "a step state");
  return {
    state: state satisfies StepStateName,
    sequence: requireRange("sequence", request.sequence, 1, 1_000_000),
    exit_code: request.exitCode ?? null,
    signal: requireText("signal", request.signal, { max: 32, expected: "at most 32 characters" }),
    error: request.error.slice(0, 10_000).replaceAll("\0", ""),
    started_at: checkedTime("started_at", request.startedAt),
    finished_at: checkedTime("finished_at", request.finishedAt),
  };
}

interface Reported {
  kind: WorkKindName;
  canceling: boolean;
}

interface ReportedRow extends Reported {
  id: string | null;
  pipeline_id: string | null;
  epoch: string;
  agent_id: string | null;
  state: WorkflowStateName;
  /** The plan has such a step. */
  planned: boolean;
  step_names: string[];
}

/**
 * Stores the newest report of each step run, in one statement for many agents. The rows of the workflows are locked
 * against their end; those of vetting runs are only read.
 */
async function store({ db, hints }: ServerContext, batch: readonly Question[]): Promise<Outcome<Reported>[]> {
  const asked = batch.map(({ caller, name, report }, n) => {
    const { workflowId, ...rest } = name;
    return { n, id: workflowId, agent_id: caller.agentId, ...rest, ...report };
  });
  const ids = batch.map(({ name }) => name.workflowId);
  const { rows } = await sql<ReportedRow>`
    with asked as (
      select * from jsonb_to_recordset(${json(asked)}) as a (
        n integer, id bigint, epoch bigint, agent_id uuid, step text, try integer, state text, sequence bigint,
        exit_code integer, signal text, error text, started_at timestamptz, finished_at timestamptz)
    ), held as (
      select w.id, w.pipeline_id, w.epoch, w.agent_id, w.state, w.kind, w.plan,
        w.cancel_requested_at is not null as canceling
      from workflows w where w.id = any (${ids}::bigint[]) order by w.id for share
    ), judged as (
      select a.*, held.id as found_id, held.pipeline_id, held.epoch as found_epoch, held.agent_id as found_agent_id,
        held.state as found_state, held.kind, held.canceling, planned.timeout_ms,
        planned.timeout_ms is not null as planned,
        case when planned.timeout_ms is null then held.plan end as plan
      from asked a left join held on held.id = a.id
      left join lateral (
        select (s ->> 'timeoutMs')::integer as timeout_ms
        from jsonb_array_elements(held.plan -> 'steps') s where s ->> 'name' = a.step
        union all
        select 0 where a.step = ${CHECKOUT_STEP} and held.plan -> 'checkout' is not null
        limit 1
      ) planned on true
    ), stored as (
      insert into step_runs as s
        (workflow_id, epoch, step, try, state, sequence, exit_code, signal, error, started_at, finished_at, deadline)
      select distinct on (id, epoch, step, try)
        id, epoch, step, try, state, sequence, exit_code, signal, error, started_at, finished_at,
        case when state = 'running' and timeout_ms > 0 then now() + timeout_ms * interval '1 millisecond' end
      from judged
      where planned and kind = 'build' and found_epoch = epoch and found_agent_id = agent_id
        and found_state in ('leased', 'running')
      order by id, epoch, step, try, sequence desc
      on conflict (workflow_id, epoch, step, try) do update set
        state = excluded.state, sequence = excluded.sequence, exit_code = excluded.exit_code, signal = excluded.signal,
        error = excluded.error, started_at = excluded.started_at, finished_at = excluded.finished_at,
        deadline = coalesce(s.deadline, excluded.deadline)
      where s.sequence < excluded.sequence
    )
    select found_id as id, pipeline_id, found_epoch as epoch, found_agent_id as agent_id, found_state as state, kind,
      canceling, planned,
      case when planned or found_id is null then '{}'::text[]
        else array(select s ->> 'name' from jsonb_array_elements(plan -> 'steps') s) end as step_names
    from judged order by n`.execute(db);
  hints.publish(...rows.flatMap(({ id, pipeline_id }) => (id === null ? [] : topicsOf({ id, pipeline_id }))));
  return batch.map((question, index) => outcomeOf(question, rows[index]));
}

function outcomeOf({ caller, name }: Question, row: ReportedRow | undefined): Outcome<Reported> {
  const stored = row && row.id !== null ? row : undefined;
  const named = { epoch: name.epoch, agentId: caller.agentId };
  const ours = stored && fence({ epoch: stored.epoch, agentId: stored.agent_id }, named) === "ours";
  if (!ours || !isHeld(stored.state)) return { error: staleEpoch(name, stored) };
  if (stored.kind === "build" && !stored.planned) return { error: noSuchStep(name.step, stored.step_names) };
  return { value: stored };
}
