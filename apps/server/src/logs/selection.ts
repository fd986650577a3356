import type { LogCursor, TailLogsRequest } from "@groundcrew/proto";
import { invalidField, notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Db } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { requireId, requireText } from "../validate.ts";

/** What to read, checked. */
interface LogSelection {
  workflowIds: string[];
  /** Only steps of this name; null: all. */
  step: string | null;
  /** What is said when more may be read. */
  topics: Topic[];
  /** The next line to send, by step run. */
  cursors: ReadonlyMap<string, number>;
}

/** What a request selects by. */
type Selector = Pick<TailLogsRequest, "pipelineId" | "workflowId" | "step"> & { cursors?: readonly LogCursor[] };

/** Checks a request. Throws INVALID_ARGUMENT naming the field, or NOT_FOUND for what does not exist. */
export async function selectLogs(db: Db, request: Selector): Promise<LogSelection> {
  const selected = await selectedWorkflows(db, request);
  const step = requireText("step", request.step, { max: 256, expected: "at most 256 characters" }) || null;
  const cursors = await checkedCursors(db, request, selected.workflowIds);
  return { ...selected, step, cursors };
}

async function selectedWorkflows(
  db: Db,
  { pipelineId, workflowId }: Selector,
): Promise<Pick<LogSelection, "workflowIds" | "topics">> {
  if ((pipelineId === "0") === (workflowId === "0")) {
    throw invalidField(
      "workflow_id",
      workflowId,
      `exactly one of pipeline_id and workflow_id (pipeline_id is ${pipelineId})`,
    );
  }
  return workflowId === "0"
    ? ofPipeline(db, requireId("pipeline_id", pipelineId))
    : ofWorkflow(db, requireId("workflow_id", workflowId));
}

async function ofWorkflow(db: Db, id: string): Promise<Pick<LogSelection, "workflowIds" | "topics">> {
  const row = await db.selectFrom("workflows").select("id").where("id", "=", id).executeTakeFirst();
  if (!row) throw notFound("workflow", id);
  return { workflowIds: [id], topics: [`log:${id}`, `workflow:${id}`] };
}

async function ofPipeline(db: Db, id: string): Promise<Pick<LogSelection, "workflowIds" | "topics">> {
  const row = await db.selectFrom("pipelines").select("id").where("id", "=", id).executeTakeFirst();
  if (!row) throw notFound("pipeline", id);
  const rows = await db.selectFrom("workflows").select("id").where("pipeline_id", "=", id).orderBy("id").execute();
  const workflowIds = rows.map(({ id }) => id);
  return { workflowIds, topics: [`pipeline:${id}`, ...workflowIds.map((id) => `log:${id}` as const)] };
}

async function checkedCursors(
  db: Db,
  { cursors = [] }: Selector,
  workflowIds: string[],
): Promise<ReadonlyMap<string, number>> {
  const ids = cursors.map(({ stepRunId }) => requireId("cursors.step_run_id", stepRunId));
  const { rows } = await sql<{ id: string }>`
    select id from step_runs
    where id = any (${ids}::bigint[]) and workflow_id = any (${workflowIds}::bigint[])`.execute(db);
  const known = new Set(rows.map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined) throw notFound("step run", unknown);
  return new Map(cursors.map(({ stepRunId, nextLine }) => [stepRunId, nextLine]));
}
