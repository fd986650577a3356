import { conflict, notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import { readReady } from "./children.ts";
import { copyWorkflows } from "./copy-workflows.ts";
import { hasEnded, TERMINAL_STATES } from "./rules.ts";
import { admitReady } from "./transitions.ts";
import { lockWorkflows, topicsOf } from "./workflow-row.ts";

/**
 * Queues a build workflow that has ended once more, as a new one that waits for no other: its dependencies were decided
 * when it first ran. Returns the new id. Throws NOT_FOUND, and FAILED_PRECONDITION while it has not ended or when it was
 * retried already.
 */
export async function retryWorkflow(context: ServerContext, id: string, actor: string): Promise<string> {
  const { retried, topics } = await context.db.transaction().execute(async (tx) => {
    await checkRetriable(tx, id);
    const [copy] = await copyWorkflows(tx, [id], { actor, replica: context.replica });
    if (!copy) throw notFound("workflow", id);
    await keepParents(tx, id, copy.id);
    const admitted = await admitReady(tx, context, await readReady(tx, [copy.id]));
    return { retried: copy.id, topics: [...topicsOf(copy), ...admitted] };
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

/** Hands on what it depends on that has ended, as it was retried last: the new one may use what that left. */
async function keepParents(tx: Tx, id: string, copyId: string): Promise<void> {
  await sql`
    insert into workflow_parents (child_id, parent_id, condition)
    with recursive tries as (
      select parent_id as first, parent_id as id, condition from workflow_parents where child_id = ${id}
      union all
      select t.first, w.id, t.condition from tries t join workflows w on w.retry_of = t.id
    )
    select ${copyId}, newest.id, newest.condition
    from (select distinct on (first) * from tries order by first, id desc) newest
    join workflows w on w.id = newest.id and w.state = any (${TERMINAL_STATES}::text[])`.execute(tx);
}
