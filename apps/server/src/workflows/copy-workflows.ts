import { sql } from "kysely";
import type { Tx } from "../context.ts";

/** A new workflow that retries another. */
export interface Copy {
  id: string;
  retry_of: string;
  pipeline_id: string | null;
}

/** Who retries, as the history keeps it. */
interface CopyOptions {
  actor: string;
  replica: string;
  /** The idempotency key of a pipeline's retry. Default: none. */
  retryKey?: string | null;
}

/**
 * Makes new workflows of old ones, in the order given, blocked until they are admitted. What was granted to the old one
 * is not carried over: what needs an approval needs it again. Returns them in the same order.
 */
export async function copyWorkflows(
  tx: Tx,
  ids: readonly string[],
  { actor, replica, retryKey = null }: CopyOptions,
): Promise<Copy[]> {
  const { rows } = await sql<Copy>`
    with copied as (
      insert into workflows (pipeline_id, kind, name, matrix, depends_on, class_id, priority, plan, timeout_ms,
        on_agent_lost, state, block_reason, queue_timeout_ms, concurrency_group, concurrency_limit,
        concurrency_cancels, retry, retry_of, retry_key, needs_approval)
      select pipeline_id, kind, name, matrix, depends_on, class_id, priority, plan, timeout_ms, on_agent_lost,
        'blocked', 'dependency', queue_timeout_ms, concurrency_group, concurrency_limit, concurrency_cancels, retry,
        w.id, ${retryKey}, needs_approval
      from unnest(${ids}::bigint[]) with ordinality as g (id, n) join workflows w on w.id = g.id order by g.n
      returning id, retry_of, pipeline_id
    ), history as (
      insert into workflow_events (workflow_id, to_state, epoch, actor, replica)
      select id, 'blocked', 0, ${actor}, ${replica} from copied order by id
    )
    select id, retry_of, pipeline_id from copied order by id`.execute(tx);
  return rows;
}
