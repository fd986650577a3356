import type { Pipeline, Workflow, WorkflowEvent } from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import type { Selectable } from "kysely";
import type { Db } from "../context.ts";
import type { Database } from "../db/schema.ts";
import { pipelineMessages, selectPipelines } from "./pipeline-message.ts";
import { selectWorkflows, workflowEventMessage, workflowMessage } from "./workflow-message.ts";

type StepRunRow = Selectable<Database["step_runs"]>;

/** A pipeline with its workflows and step runs, in four statements whatever its size. Throws NOT_FOUND. */
export async function readPipeline(db: Db, id: string): Promise<Pipeline> {
  const row = await selectPipelines(db).where("id", "=", id).executeTakeFirst();
  if (!row) throw notFound("pipeline", id);
  const [pipeline] = await pipelineMessages(db, [row]);
  if (!pipeline) throw notFound("pipeline", id);
  pipeline.workflows = await workflowsOf(db, id);
  return pipeline;
}

async function workflowsOf(db: Db, pipelineId: string): Promise<Workflow[]> {
  const workflows = await selectWorkflows(db).where("w.pipeline_id", "=", pipelineId).orderBy("w.id").execute();
  const stepRuns = await db
    .selectFrom("step_runs as s")
    .innerJoin("workflows as w", "w.id", "s.workflow_id")
    .selectAll("s")
    .where("w.pipeline_id", "=", pipelineId)
    .orderBy("s.id")
    .execute();
  const byWorkflow = Map.groupBy<string, StepRunRow>(stepRuns, ({ workflow_id }) => workflow_id);
  return workflows.map((row) => workflowMessage(row, byWorkflow.get(row.id)));
}

/** A workflow with its step runs. Throws NOT_FOUND. */
export async function readWorkflow(db: Db, id: string): Promise<Workflow> {
  const row = await selectWorkflows(db).where("w.id", "=", id).executeTakeFirst();
  if (!row) throw notFound("workflow", id);
  const stepRuns = await db.selectFrom("step_runs").selectAll().where("workflow_id", "=", id).orderBy("id").execute();
  return workflowMessage(row, stepRuns);
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
