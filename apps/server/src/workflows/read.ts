import type { Pipeline, Workflow, WorkflowEvent } from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import { sql, type Selectable } from "kysely";
import type { Db } from "../context.ts";
import type { Database } from "../db/schema.ts";
import { readTestCounts } from "../test-results/read.ts";
import { pipelineMessage, selectPipelines, talliesOf } from "./pipeline-message.ts";
import { selectWorkflows, workflowEventMessage, workflowMessage } from "./workflow-message.ts";

type StepRunRow = Selectable<Database["step_runs"]>;

/** A pipeline with its workflows and step runs. Throws NOT_FOUND. */
export async function readPipeline(db: Db, id: string): Promise<Pipeline> {
  const pipeline = (await readPipelines(db, [id])).get(id);
  if (!pipeline) throw notFound("pipeline", id);
  return pipeline;
}

/** Pipelines with their workflows and step runs, by id, in three statements whatever their number and size. */
export async function readPipelines(db: Db, ids: readonly string[]): Promise<Map<string, Pipeline>> {
  const rows = await selectPipelines(db)
    .where("id", "=", sql<string>`any (${ids}::bigint[])`)
    .execute();
  const workflows = await selectWorkflows(db)
    .where("w.pipeline_id", "=", sql<string>`any (${ids}::bigint[])`)
    .orderBy("w.id")
    .execute();
  const stepRuns = await stepRunsOf(db, workflows);
  const byPipeline = Map.groupBy(workflows, ({ pipeline_id }) => pipeline_id);
  const read = rows.map((row) => {
    const members = byPipeline.get(row.id) ?? [];
    const pipeline = pipelineMessage(row, talliesOf(members));
    pipeline.workflows = members.map((member) => workflowMessage(member, stepRuns.get(member.id)));
    return [row.id, pipeline] as const;
  });
  return new Map(read);
}

/** One that was never leased has none. */
async function stepRunsOf(
  db: Db,
  workflows: readonly { id: string; epoch: string }[],
): Promise<Map<string, StepRunRow[]>> {
  const leased = workflows.filter(({ epoch }) => epoch !== "0").map(({ id }) => id);
  if (leased.length === 0) return new Map();
  const rows = await db
    .selectFrom("step_runs")
    .selectAll()
    .where("workflow_id", "=", sql<string>`any (${leased}::bigint[])`)
    .orderBy("id")
    .execute();
  return Map.groupBy(rows, ({ workflow_id }) => workflow_id);
}

/** A workflow with its step runs. Throws NOT_FOUND. */
export async function readWorkflow(db: Db, id: string): Promise<Workflow> {
  const row = await selectWorkflows(db).where("w.id", "=", id).executeTakeFirst();
  if (!row) throw notFound("workflow", id);
  const stepRuns = await db.selectFrom("step_runs").selectAll().where("workflow_id", "=", id).orderBy("id").execute();
  const message = workflowMessage(row, stepRuns);
  const tests = await readTestCounts(db, id);
  if (tests) message.tests = tests;
  return message;
}

/** Workflows without their step runs, in the order of their ids. */
export async function readWorkflows(db: Db, ids: readonly string[]): Promise<Workflow[]> {
  const rows = await selectWorkflows(db)
    .where("w.id", "=", sql<string>`any (${ids}::bigint[])`)
    .orderBy("w.id")
    .execute();
  return rows.map((row) => workflowMessage(row));
}

/** Every transition of a workflow, oldest first. */
export async function readEvents(db: Db, workflowId: string): Promise<WorkflowEvent[]> {
  const rows = await db
    .selectFrom("workflow_events")
    .selectAll()
    .where("workflow_id", "=", workflowId)
    .orderBy("id")
    .execute();
  return rows.map(workflowEventMessage);
}
