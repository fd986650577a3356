import { create } from "@bufbuild/protobuf";
import { PipelineSchema, type Pipeline } from "@groundcrew/proto";
import { sql } from "kysely";
import type { Db } from "../context.ts";
import type { WorkflowStateName } from "../db/schema.ts";
import { timestampOf, workflowStateOf } from "../names.ts";
import { pipelineStateOf } from "./pipeline-state.ts";
import { hasEnded } from "./rules.ts";

/** Pipelines with the columns that {@link pipelineMessages} takes: everything but the file. */
export function selectPipelines(db: Db) {
  return db
    .selectFrom("pipelines")
    .select(["id", "name", "repository", "commit", "branch", "submitted_by", "created_at"]);
}

type ShownPipeline = Awaited<ReturnType<ReturnType<typeof selectPipelines>["execute"]>>[number];

/** Pipelines as the contract has them, without their workflows, in the order given. */
export async function pipelineMessages(db: Db, rows: readonly ShownPipeline[]): Promise<Pipeline[]> {
  const found = await readTallies(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => pipelineMessage(row, found.get(row.id) ?? []));
}

/** Some workflows of one pipeline that are in one state. */
interface Tally {
  state: WorkflowStateName;
  count: number;
  /** When the first of them started, and the last one ended. */
  started_at: Date | null;
  finished_at: Date | null;
}

/** What a pipeline's state follows from: one that an operator retried no longer counts, its retry does. */
export function talliesOf(
  workflows: readonly (Omit<Tally, "count"> & { id: string; retry_of: string | null })[],
): Tally[] {
  const retried = new Set(workflows.map(({ retry_of }) => retry_of));
  return workflows.filter(({ id }) => !retried.has(id)).map((workflow) => ({ ...workflow, count: 1 }));
}

async function readTallies(db: Db, pipelineIds: string[]): Promise<Map<string, Tally[]>> {
  const { rows } = await sql<Tally & { pipeline_id: string }>`
    select pipeline_id, state, count(*)::integer as count,
      min(started_at) as started_at, max(finished_at) as finished_at
    from workflows w where pipeline_id = any (${pipelineIds}::bigint[])
      and not exists (select from workflows r where r.pipeline_id = w.pipeline_id and r.retry_of = w.id)
    group by pipeline_id, state`.execute(db);
  return Map.groupBy(rows, ({ pipeline_id }) => pipeline_id);
}

/** A pipeline as the contract has it, without its workflows. */
export function pipelineMessage(row: ShownPipeline, tallies: readonly Tally[]): Pipeline {
  const startedAt = earliest(tallies.map(({ started_at }) => started_at));
  const state = pipelineStateOf(new Set(tallies.map(({ state }) => state)), startedAt !== null);
  return create(PipelineSchema, {
    id: row.id,
    name: row.name,
    source: { repository: row.repository, commit: row.commit, branch: row.branch },
    submittedBy: row.submitted_by,
    state: workflowStateOf(state),
    createdAt: timestampOf(row.created_at),
    startedAt: timestampOf(startedAt),
    finishedAt: timestampOf(hasEnded(state) ? latest(tallies.map(({ finished_at }) => finished_at)) : null),
    workflowCount: countOf(tallies),
    endedCount: countOf(tallies.filter(({ state }) => hasEnded(state))),
  });
}

function countOf(tallies: readonly Tally[]): number {
  return tallies.reduce((sum, { count }) => sum + count, 0);
}

function earliest(dates: (Date | null)[]): Date | null {
  return dates.filter((date) => date !== null).reduce<Date | null>((a, b) => (a && a < b ? a : b), null);
}

function latest(dates: (Date | null)[]): Date | null {
  return dates.filter((date) => date !== null).reduce<Date | null>((a, b) => (a && a > b ? a : b), null);
}
