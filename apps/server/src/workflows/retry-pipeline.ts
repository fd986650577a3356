import type { RetryPipelineRequest } from "@groundcrew/proto";
import { conflict, notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { json } from "../db/json.ts";
import { requireId, requireText } from "../validate.ts";
import { readReady } from "./children.ts";
import { copyWorkflows, type Copy } from "./copy-workflows.ts";
import { planRetry, type Retrial, type Standing } from "./plan-retry.ts";
import { readStanding } from "./read-standing.ts";
import { hasEnded } from "./rules.ts";
import { admitReady } from "./transitions.ts";
import { topicsOf } from "./workflow-row.ts";

/**
 * Makes new workflows of a pipeline's old ones, all or none: of all of them, each of which must have ended, or of those
 * that did not succeed and those that were skipped for it. They wait for each other as the plan says, and for what still
 * runs; what has ended is decided. Returns the new ids, parents before children: the first ones, when a key is repeated.
 * Throws NOT_FOUND, and FAILED_PRECONDITION when something runs that is to be retried, or there is nothing to retry.
 */
export async function retryPipeline(
  context: ServerContext,
  request: RetryPipelineRequest,
  actor: string,
): Promise<string[]> {
  const id = requireId("id", request.id);
  const retryKey = checkedKey(request.idempotencyKey);
  const { ids, topics } = await context.db.transaction().execute(async (tx) => {
    await lockPipeline(tx, id);
    const before = retryKey === null ? [] : await madeBefore(tx, id, retryKey);
    if (before.length > 0) return { ids: before, topics: [] };
    const retrials = chosen(id, await readStanding(tx, id), request.failedOnly);
    const olds = retrials.map(({ of }) => of);
    const copies = await copyWorkflows(tx, olds, { actor, replica: context.replica, retryKey });
    return { ids: copies.map((copy) => copy.id), topics: await link(tx, context, retrials, copies) };
  });
  context.hints.publish(...topics);
  return ids;
}

function checkedKey(key: string): string | null {
  return requireText("idempotency_key", key, { max: 64, expected: "at most 64 characters" }) || null;
}

/** Against retention, which removes a pipeline with all that is in it, and against another retry of it. */
async function lockPipeline(tx: Tx, id: string): Promise<void> {
  const found = await tx.selectFrom("pipelines").select("id").where("id", "=", id).forNoKeyUpdate().executeTakeFirst();
  if (!found) throw notFound("pipeline", id);
}

async function madeBefore(tx: Tx, pipelineId: string, retryKey: string): Promise<string[]> {
  const rows = await tx
    .selectFrom("workflows")
    .select("id")
    .where("pipeline_id", "=", pipelineId)
    .where("retry_key", "=", retryKey)
    .orderBy("id")
    .execute();
  return rows.map(({ id }) => id);
}

function chosen(id: string, standing: readonly Standing[], failedOnly: boolean): Retrial[] {
  const open = standing.find(({ state }) => !hasEnded(state));
  if (open && !failedOnly) {
    throw conflict(
      `pipeline ${id} has not ended: workflow ${open.id} is ${open.state}; cancel it, or retry what failed`,
    );
  }
  const retrials = planRetry(standing, failedOnly);
  if (retrials.length === 0) throw conflict(`nothing of pipeline ${id} failed, so there is nothing to retry`);
  return retrials;
}

/** Makes the new ones wait for each other, and lets those go on that wait for none. */
async function link(
  tx: Tx,
  context: ServerContext,
  retrials: readonly Retrial[],
  copies: readonly Copy[],
): Promise<Topic[]> {
  const copyOf = new Map(copies.map((copy) => [copy.retry_of, copy.id]));
  const waiting = retrials.filter(({ waitsFor }) => waitsFor.length > 0);
  const links = retrials.flatMap(({ of, waitsFor, decided }) =>
    [...waitsFor, ...decided].map(({ id, condition }) => ({
      child_id: copyOf.get(of),
      parent_id: copyOf.get(id) ?? id,
      condition,
    })),
  );
  const left = waiting.map(({ of, waitsFor }) => ({ id: copyOf.get(of), parents_left: waitsFor.length }));
  await sql`
    with links as (
      insert into workflow_parents (child_id, parent_id, condition)
      select * from jsonb_to_recordset(${json(links)}) as l (child_id bigint, parent_id bigint, condition text)
    )
    update workflows w set parents_left = g.parents_left
    from jsonb_to_recordset(${json(left)}) as g (id bigint, parents_left integer) where w.id = g.id`.execute(tx);
  const held = new Set(left.map(({ id }) => id));
  const ready = copies.map(({ id }) => id).filter((id) => !held.has(id));
  return [...copies.flatMap(topicsOf), ...(await admitReady(tx, context, await readReady(tx, ready)))];
}
