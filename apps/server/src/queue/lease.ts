import { sql } from "kysely";
import type { Caller } from "../agents/caller.ts";
import type { Db } from "../context.ts";
import type { WorkflowPlanRow } from "../workflows/plan.ts";

/** A workflow granted to an agent, as read from its row. */
export interface GrantRow {
  id: string;
  epoch: string;
  pipeline_id: string | null;
  name: string;
  attempt: number;
  timeout_ms: number;
  plan: WorkflowPlanRow;
}

/** What an agent asks for. */
export interface LeaseRequest {
  caller: Caller;
  pollId: string;
  /** At most this many. */
  slots: number;
  /** The label classes it matches. */
  classes: number[];
  leaseTtlMs: number;
}

/**
 * An answer is filled with plans until it holds this many bytes. A plan is at most about 1 MiB, so that the answer
 * stays well below the largest message.
 */
const ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * Leases queued workflows, highest priority first, then oldest first, in one statement that no other replica can
 * interleave with. An agent that was superseded or is not ready, or that holds as many as its capacity, gets none.
 */
export async function lease(db: Db, request: LeaseRequest): Promise<GrantRow[]> {
  const { caller, pollId, slots, classes, leaseTtlMs } = request;
  if (classes.length === 0) return [];
  const { rows } = await sql<GrantRow>`
    with agent as (
      select id, name, capacity - (
        select count(*) from workflows where agent_id = agents.id and state in ('leased', 'running')
      ) as free
      from agents
      where id = ${caller.agentId} and generation = ${caller.generation} and lifecycle = 'ready'
    ), candidates as (
      select w.id, w.priority, octet_length(w.plan::text) as bytes from workflows w
      where w.state = 'queued' and w.class_id = any (${classes}::integer[])
      order by w.priority desc, w.id
      limit coalesce((select greatest(0, least(free, ${slots}::bigint)) from agent), 0)
      for update of w skip locked
    ), picked as (
      select id from (
        select id, sum(bytes) over (order by priority desc, id) - bytes as bytes_before from candidates
      ) sized
      where bytes_before < ${ANSWER_BYTES}
    ), leased as (
      update workflows w
      set state = 'leased', epoch = nextval('lease_epoch'), agent_id = agent.id, agent_name = agent.name,
        poll_id = ${pollId}, received = false, leased_at = now(),
        expires_at = now() + ${leaseTtlMs} * interval '1 millisecond'
      from picked, agent
      where w.id = picked.id
      returning w.*
    ), held as (
      insert into leases (epoch, workflow_id, agent_id) select epoch, id, agent_id from leased
    ), history as (
      insert into workflow_events (workflow_id, from_state, to_state, epoch, actor)
      select id, 'queued', 'leased', epoch, agent_name from leased
    )
    select id, epoch, pipeline_id, name, attempt, timeout_ms, plan from leased order by priority desc, id`.execute(db);
  return rows;
}

/** What an earlier poll with this id was granted and still holds: the answer to a question asked twice. */
export function grantedBefore(db: Db, caller: Caller, pollId: string): Promise<GrantRow[]> {
  return db
    .selectFrom("workflows")
    .select(["id", "epoch", "pipeline_id", "name", "attempt", "timeout_ms", "plan"])
    .where("agent_id", "=", caller.agentId)
    .where("state", "in", ["leased", "running"])
    .where("poll_id", "=", pollId)
    .orderBy("id")
    .execute();
}
