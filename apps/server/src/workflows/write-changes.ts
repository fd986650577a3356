import type { DependencyCondition } from "@groundcrew/pipeline";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { json } from "../db/json.ts";
import type { StepStateName } from "../db/schema.ts";
import { isHeld, type Change, type HoldChange } from "./rules.ts";
import type { WorkflowRow } from "./workflow-row.ts";

/** A change that was decided for a locked workflow. */
export interface Decided {
  row: WorkflowRow;
  change: Change | HoldChange;
  /** Whose doing it is: an agent's or token's name, or "server". */
  actor: string;
}

/** A workflow that waits for one that has ended. */
export interface Link {
  childId: string;
  parentId: string;
  condition: DependencyCondition;
}

/**
 * Carries out changes of locked workflows in one statement, however many: the rows, the history, and what their leases
 * leave open. Returns who waits for those that ended.
 */
export async function writeChanges(tx: Tx, replica: string, decided: readonly Decided[]): Promise<Link[]> {
  const { rows } = await sql<Link>`
    with given as (
      select * from jsonb_to_recordset(${json(decided.map(recordOf))}) as g (
        id bigint, epoch bigint, held boolean, ends boolean, before text, state text, block_reason text, reason text,
        error text, losses integer, retries integer, pause_ms bigint, step_state text, actor text)
    ), changed as (
      update workflows w set
        state = g.state,
        block_reason = g.block_reason,
        end_reason = case when g.ends then g.reason end,
        error = g.error,
        finished_at = case when g.ends then now() end,
        expires_at = null,
        losses = g.losses,
        retries = g.retries,
        agent_id = case when g.ends then w.agent_id end,
        poll_id = case when g.ends then w.poll_id end,
        received = g.ends and w.received,
        leased_at = case when g.ends then w.leased_at end,
        deadline = case when g.ends then w.deadline end,
        not_before = case when g.pause_ms is null then w.not_before
          else now() + g.pause_ms * interval '1 millisecond' end,
        queued_at = case when g.state = 'queued' then now() else w.queued_at end,
        queue_deadline = case when g.state = 'queued' then now() + w.queue_timeout_ms * interval '1 millisecond' end
      from given g where w.id = g.id
    ), history as (
      insert into workflow_events (workflow_id, from_state, to_state, reason, epoch, actor, replica)
      select id, before, state, reason, epoch, actor, ${replica} from given order by id
    ), closed as (
      update leases l set ended_at = now() from given g where g.held and l.epoch = g.epoch
    ), left_open as (
      update step_runs s set state = g.step_state, finished_at = now() from given g
      where g.held and s.workflow_id = g.id and s.epoch = g.epoch and s.state in ('pending', 'running')
    )
    select p.child_id as "childId", p.parent_id as "parentId", p.condition
    from given g join workflow_parents p on p.parent_id = g.id where g.ends`.execute(tx);
  return rows;
}

function recordOf({ row, change, actor }: Decided) {
  const held = isHeld(row.state);
  const common = { id: row.id, epoch: row.epoch, held, before: row.state, actor };
  switch (change.kind) {
    case "end": {
      const { state, error, reason } = change;
      const step_state = stepStateAfter(state);
      return { ...common, reason, ends: true, state, error, losses: row.losses, retries: row.retries, step_state };
    }
    case "requeue": {
      const { losses, retries, error, reason } = change;
      return { ...common, reason, ends: false, state: "queued", error, losses, retries, step_state: "lost" };
    }
    case "retry_later": {
      const { losses, retries, error, pauseMs, reason } = change;
      const blocked = { reason, state: "blocked", block_reason: "delay", pause_ms: pauseMs };
      return { ...common, ...blocked, ends: false, error, losses, retries, step_state: "lost" };
    }
    case "hold": {
      const { losses, retries } = row;
      const blocked = { reason: null, state: "blocked", block_reason: "holding" };
      return { ...common, ...blocked, ends: false, error: "", losses, retries, step_state: "lost" };
    }
    case "unhold": {
      const queued = { reason: null, state: "queued", error: "", losses: 0, retries: row.retries };
      return { ...common, ...queued, ends: false, step_state: "lost" };
    }
    default:
      return change satisfies never;
  }
}

/** What becomes of step runs that are open when their lease ends. */
function stepStateAfter(state: string): StepStateName {
  return state === "canceled" || state === "timed_out" ? state : "lost";
}
