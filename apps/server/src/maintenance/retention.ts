import { sql } from "kysely";
import type { ServerContext } from "../context.ts";
import { TERMINAL_STATES } from "../workflows/rules.ts";
import { removeBulk } from "./remove-bulk.ts";

type Needs = Pick<ServerContext, "db" | "blobs" | "log">;

/** The least time that finished work is kept, in milliseconds: late logs and evidence must find what they belong to. */
export const RETENTION_MIN_MS = 2 * 86_400_000;

/** How many pipelines, or vetting runs, are looked up at once. */
const BATCH = 50;

/**
 * Removes pipelines whose workflows have all ended, the last one more than `retentionMs` milliseconds ago, with all that
 * they left. Returns how many; more may be left while it is not 0.
 */
export async function removeOldPipelines(context: Needs, retentionMs: number): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    select p.id from pipelines p
    where p.created_at < now() - ${retentionMs} * interval '1 millisecond' and not exists (
      select from workflows w where w.pipeline_id = p.id and not ${isOld("w", retentionMs)})
    order by p.created_at limit ${BATCH}`.execute(context.db);
  return removePipelines(context, rows, retentionMs);
}

/**
 * Removes pipelines but the newest `keep` of their repository, with all that they left, once their workflows have all
 * ended and late logs have had their time. Those without a repository count as of one. Returns how many; more may be
 * left while it is not 0.
 */
export async function removeSurplusPipelines(context: Needs, keep: number): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    select p.id from (
      select id, row_number() over (partition by repository order by id desc) as place from pipelines
    ) p
    where p.place > ${keep} and not exists (
      select from workflows w where w.pipeline_id = p.id and not ${isOld("w", RETENTION_MIN_MS)})
    order by p.id limit ${BATCH}`.execute(context.db);
  return removePipelines(context, rows, RETENTION_MIN_MS);
}

/**
 * Removes vetting runs that ended as long ago, with all that they left. The newest of each machine that has ended stays:
 * what is known of the machine rests on it. Returns how many; more may be left while it is not 0.
 */
export async function removeOldVettingRuns(context: Needs, retentionMs: number): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    select v.workflow_id as id from vetting_runs v join workflows w on w.id = v.workflow_id
    where ${isOld("w", retentionMs)} and exists (
      select from vetting_runs newer join workflows n on n.id = newer.workflow_id
      where newer.machine_id = v.machine_id and newer.workflow_id > v.workflow_id and ${hasEnded("n")})
    order by v.workflow_id limit ${BATCH}`.execute(context.db);
  return countOf(context, rows, ({ id }) => remove(context, { workflowIds: [id], pipelineId: null, retentionMs }));
}

function removePipelines(context: Needs, rows: readonly { id: string }[], retentionMs: number): Promise<number> {
  return countOf(context, rows, async ({ id }) => {
    const workflows = await context.db.selectFrom("workflows").select("id").where("pipeline_id", "=", id).execute();
    await remove(context, { workflowIds: workflows.map((each) => each.id), pipelineId: id, retentionMs });
  });
}

function isOld(table: string, retentionMs: number) {
  const finishedAt = sql.ref(`${table}.finished_at`);
  return sql<boolean>`(${hasEnded(table)} and ${finishedAt} < now() - ${retentionMs} * interval '1 millisecond')`;
}

function hasEnded(table: string) {
  return sql<boolean>`${sql.ref(`${table}.state`)} = any (${TERMINAL_STATES}::text[])`;
}

/** One that cannot be removed must not keep the others. */
async function countOf<T extends { id: string }>(
  { log }: Needs,
  due: readonly T[],
  work: (each: T) => Promise<void>,
): Promise<number> {
  let count = 0;
  for (const each of due) {
    try {
      await work(each);
      count += 1;
    } catch (error) {
      log.error({ id: each.id, err: error }, "could not remove old work; will try again");
    }
  }
  return count;
}

interface Removal {
  workflowIds: readonly string[];
  pipelineId: string | null;
  retentionMs: number;
}

/** The bulk first, in bounded statements; then the rest in one transaction, which asks once more. */
async function remove(context: Needs, { workflowIds, pipelineId, retentionMs }: Removal): Promise<void> {
  await removeBulk(context, workflowIds);
  await context.db.transaction().execute(async (tx) => {
    const ids = sql`any (${workflowIds}::bigint[])`;
    // An operator's retry, which adds to it, waits or is waited for.
    await sql`select from pipelines where id = ${pipelineId} for update`.execute(tx);
    const { rows } = await sql<{ old: boolean }>`
      select ${isOld("w", retentionMs)} as old from workflows w
      where w.id = ${ids} or w.pipeline_id = ${pipelineId} order by w.id for update`.execute(tx);
    if (!rows.every(({ old }) => old)) throw new Error("something was added to it meanwhile");
    // Epochs are in the history, where they are found by the workflow.
    await sql`delete from leases where epoch in (
      select epoch from workflow_events where workflow_id = ${ids})`.execute(tx);
    await sql`delete from workflow_events where workflow_id = ${ids}`.execute(tx);
    await sql`delete from workflow_parents where parent_id = ${ids}`.execute(tx);
    await sql`delete from step_runs where workflow_id = ${ids}`.execute(tx);
    await sql`delete from vetting_runs where workflow_id = ${ids}`.execute(tx);
    await sql`delete from workflow_uploads where pipeline_id = ${pipelineId}`.execute(tx);
    await sql`delete from workflows where id = ${ids}`.execute(tx);
    await sql`delete from pipelines where id = ${pipelineId}`.execute(tx);
  });
}
