import type postgres from "postgres";
import type { EventFact, LeaseFact, StepRunFact, StoredFacts, WorkflowFact } from "./facts.ts";

/** Reads what a database says about all workflows with an id from `fromId` on, as of one moment. */
export async function readStored(sql: postgres.Sql, fromId = "0"): Promise<StoredFacts> {
  return sql.begin("isolation level repeatable read", async (tx) => ({
    workflows: await readWorkflows(tx, fromId),
    events: await readEvents(tx, fromId),
    leases: await readLeases(tx, fromId),
    stepRuns: await readStepRuns(tx, fromId),
  }));
}

type Tx = postgres.TransactionSql;

function readWorkflows(tx: Tx, fromId: string): Promise<WorkflowFact[]> {
  return tx<WorkflowFact[]>`
    select w.id, w.pipeline_id as "pipelineId", w.name, w.state, w.end_reason as "endReason", w.epoch, w.attempt,
      w.on_agent_lost as "onAgentLost", w.timeout_ms as "timeoutMs",
      w.cancel_requested_at is not null as "cancelRequested",
      w.concurrency_group as "group", w.concurrency_limit as "groupLimit",
      w.retry_of as "retryOf",
      (extract(epoch from w.created_at) * 1000)::float8 as "createdMs",
      coalesce((
        select jsonb_agg(jsonb_build_object(
          'id', p.parent_id::text, 'condition', p.condition))
        from workflow_parents p where p.child_id = w.id
      ), '[]') as parents
    from workflows w where w.id >= ${fromId} order by w.id`;
}

function readEvents(tx: Tx, fromId: string): Promise<EventFact[]> {
  return tx<EventFact[]>`
    select workflow_id as workflow, from_state as "from", to_state as "to", reason, epoch, actor,
      (extract(epoch from at) * 1000)::float8 as "atMs"
    from workflow_events where workflow_id >= ${fromId} order by id`;
}

function readLeases(tx: Tx, fromId: string): Promise<LeaseFact[]> {
  return tx<LeaseFact[]>`
    select l.epoch, l.workflow_id as workflow, a.name as agent, l.ended_at is not null as ended
    from leases l join agents a on a.id = l.agent_id where l.workflow_id >= ${fromId} order by l.epoch`;
}

function readStepRuns(tx: Tx, fromId: string): Promise<StepRunFact[]> {
  return tx<StepRunFact[]>`
    select s.id, s.workflow_id as workflow, s.epoch, s.step, s.state, s.next_line::int as "nextLine",
      coalesce((
        select jsonb_agg(jsonb_build_object(
          'firstLine', c.first_line, 'lineCount', c.line_count, 'lostBefore', c.lost_before) order by c.first_line)
        from log_chunks c where c.step_run_id = s.id
      ), '[]') as chunks
    from step_runs s where s.workflow_id >= ${fromId} order by s.id`;
}
