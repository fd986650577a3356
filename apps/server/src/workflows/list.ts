import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ListPipelinesRequest,
  ListPipelinesResponseSchema,
  ListWorkflowsRequest,
  ListWorkflowsResponseSchema,
  WorkflowState,
} from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import type { Db } from "../context.ts";
import type { WorkflowStateName } from "../db/schema.ts";
import { workflowStateName } from "../names.ts";
import { idPage, paged } from "../page.ts";
import { requireId } from "../validate.ts";
import { pipelineMessages, selectPipelines } from "./pipeline-message.ts";
import { selectWorkflows, workflowMessage } from "./workflow-message.ts";

/** A page of pipelines, newest first, in two statements. */
export async function listPipelines(
  db: Db,
  request: ListPipelinesRequest,
): Promise<MessageInitShape<typeof ListPipelinesResponseSchema>> {
  const page = idPage(request.page);
  const read = await selectPipelines(db)
    .$if(page.after !== undefined, (query) => query.where("id", "<", page.after ?? ""))
    .orderBy("id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, ({ id }) => id);
  return { pipelines: await pipelineMessages(db, rows), nextPageToken };
}

/** A page of workflows of both kinds, newest first, without their step runs. */
export async function listWorkflows(
  db: Db,
  request: ListWorkflowsRequest,
): Promise<MessageInitShape<typeof ListWorkflowsResponseSchema>> {
  const page = idPage(request.page);
  const states = request.states.map(stateName);
  const pipelineId = request.pipelineId === "0" ? undefined : requireId("pipeline_id", request.pipelineId);
  const read = await selectWorkflows(db)
    .$if(page.after !== undefined, (query) => query.where("w.id", "<", page.after ?? ""))
    .$if(states.length > 0, (query) => query.where("w.state", "in", states))
    .$if(pipelineId !== undefined, (query) => query.where("w.pipeline_id", "=", pipelineId ?? ""))
    .orderBy("w.id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, ({ id }) => id);
  return { workflows: rows.map((row) => workflowMessage(row)), nextPageToken };
}

function stateName(state: WorkflowState): WorkflowStateName {
  const name = workflowStateName(state);
  if (name) return name;
  throw invalidField("states", state, "states of a workflow");
}
