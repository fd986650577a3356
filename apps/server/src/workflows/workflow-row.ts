import { sql, type Selectable } from "kysely";
import type { Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import type { Database } from "../db/schema.ts";
import { TERMINAL_STATES, type WorkflowFacts } from "./rules.ts";

/** What decisions need of a workflow: all but what it runs and what is only shown. */
const COLUMNS = [
  "id",
  "pipeline_id",
  "kind",
  "class_id",
  "state",
  "block_reason",
  "parents_left",
  "epoch",
  "attempt",
  "losses",
  "retries",
  "retry",
  "on_agent_lost",
  "agent_id",
  "agent_name",
  "timeout_ms",
  "deadline",
  "cancel_requested_at",
  "concurrency_group",
] as const;

/** A workflow's row, as decisions need it. */
export type WorkflowRow = Pick<Selectable<Database["workflows"]>, (typeof COLUMNS)[number]>;

/** Workflows as decisions need them. */
export function selectRows(tx: Tx) {
  return tx.selectFrom("workflows").select(COLUMNS);
}

/**
 * Locks the rows of workflows for the rest of the transaction, in id order so that lockers never deadlock. The locks of
 * their concurrency groups come first: whoever fills a group's places locks its members' rows after.
 */
export function lockWorkflows(tx: Tx, ids: readonly string[]): Promise<WorkflowRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  const distinct = [...new Set(ids)];
  return selectRows(tx)
    .where("id", "=", sql<string>`any (${distinct}::bigint[])`)
    .where(groupsLocked(sql`id = any (${distinct}::bigint[])`))
    .orderBy("id")
    .forUpdate()
    .execute();
}

/**
 * Locks the workflows of a pipeline that have not ended, in id order, their groups first. What the end of one does to its
 * children locks these too, and theirs: to lock them all before keeps this from a deadlock with an end further up.
 */
export function lockOpen(tx: Tx, pipelineId: string): Promise<WorkflowRow[]> {
  return selectRows(tx)
    .where("pipeline_id", "=", pipelineId)
    .where("state", "not in", TERMINAL_STATES)
    .where(groupsLocked(sql`pipeline_id = ${pipelineId}`))
    .orderBy("id")
    .forUpdate()
    .execute();
}

/** True, once the groups of the workflows that a condition finds are locked. Evaluated before any row is. */
function groupsLocked(condition: ReturnType<typeof sql>) {
  return sql<boolean>`(
    select count(*) from (
      select pg_advisory_xact_lock(hash) from (
        select distinct hashtextextended(concurrency_group, 0) as hash from workflows
        where ${condition} and concurrency_group is not null order by hash
      ) hashes
    ) locked
  ) >= 0`;
}

/** What the rules look at. */
export function factsOf(row: WorkflowRow): WorkflowFacts {
  return {
    state: row.state,
    cancelRequested: row.cancel_requested_at !== null,
    onAgentLost: row.on_agent_lost,
    losses: row.losses,
    retries: row.retries,
    retry: row.retry,
  };
}

/** The topics that a change of a workflow touches. */
export function topicsOf({ id, pipeline_id }: Pick<WorkflowRow, "id" | "pipeline_id">): Topic[] {
  return pipeline_id === null ? [`workflow:${id}`] : [`workflow:${id}`, `pipeline:${pipeline_id}`];
}
