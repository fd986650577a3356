import { conflict, notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { readReady } from "./children.ts";
import { hasEnded } from "./rules.ts";
import { admitReady, recordFirst } from "./transitions.ts";
import { lockWorkflows, topicsOf } from "./workflow-row.ts";

/**
 * Queues a build workflow that has ended once more, as a new one that waits for no other: its dependencies were decided
 * when it first ran. Returns the new id. Throws NOT_FOUND, and FAILED_PRECONDITION while it has not ended or when it was
 * retried already.
 */
export async function retryWorkflow(context: ServerContext, id: string, actor: string): Promise<string> {
  const { retried, topics } = await context.db.transaction().execute(async (tx) => {
    await checkRetriable(tx, id);
    const copy = await insertCopy(tx, id);
    await recordFirst(tx, context, copy.id, "blocked", actor);
    const admitted = await admitReady(tx, context, await readReady(tx, [copy.id]));
    return { retried: copy.id, topics: [...topicsOf(copy), ...admitted] satisfies Topic[] };
  });
  context.hints.publish(...topics);
  return retried;
}

async function checkRetriable(tx: Tx, id: string): Promise<void> {
  const [row] = await lockWorkflows(tx, [id]);
  if (!row) throw notFound("workflow", id);
  if (row.kind === "vetting") throw conflict(`workflow ${id} is a vetting run; start a new one with "crew vet start"`);
  // Against retention, which removes a pipeline with all that is in it.
  await tx.selectFrom("pipelines").select("id").where("id", "=", row.pipeline_id).forKeyShare().execute();
  if (!hasEnded(row.state))
    throw conflict(`workflow ${id} is ${row.state}; cancel it first, or wait until it has ended`);
  const retry = await tx
    .selectFrom("workflows")
    .select("id")
    .where("retry_of", "=", id)
    .where("pipeline_id", "is not distinct from", row.pipeline_id)
    .executeTakeFirst();
  if (retry) throw conflict(`workflow ${id} was retried already, as workflow ${retry.id}; retry that one`);
}

/** The new row, blocked until it is admitted. */
async function insertCopy(tx: Tx, id: string): Promise<{ id: string; pipeline_id: string | null }> {
  const { rows } = await sql<{ id: string; pipeline_id: string | null }>`
    insert into workflows (pipeline_id, kind, name, matrix, depends_on, class_id, priority, plan, timeout_ms,
      on_agent_lost, state, block_reason, queue_timeout_ms, concurrency_group, concurrency_limit, concurrency_cancels,
      retry, retry_of)
    select pipeline_id, kind, name, matrix, depends_on, class_id, priority, plan, timeout_ms, on_agent_lost, 'blocked',
      'dependency', queue_timeout_ms, concurrency_group, concurrency_limit, concurrency_cancels, retry, id
    from workflows where id = ${id}
    returning id, pipeline_id`.execute(tx);
  const [row] = rows;
  if (!row) throw notFound("workflow", id);
  return row;
}
