import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ListArtifactsRequest, ListArtifactsResponseSchema } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import type { Db } from "../context.ts";
import { idPage, paged } from "../page.ts";
import { requireId } from "../validate.ts";
import { artifactMessage, selectArtifacts } from "./artifact-row.ts";

/** A page of the artifacts of a pipeline or a workflow, newest first. */
export async function listArtifacts(
  db: Db,
  request: ListArtifactsRequest,
): Promise<MessageInitShape<typeof ListArtifactsResponseSchema>> {
  const page = idPage(request.page);
  const { column, id } = subjectOf(request);
  const read = await selectArtifacts(db)
    .where(column, "=", id)
    .$if(page.after !== undefined, (query) => query.where("b.id", "<", page.after ?? ""))
    .orderBy("b.id", "desc")
    .limit(page.size + 1)
    .execute();
  const { rows, nextPageToken } = paged(read, page, (row) => row.id);
  return { artifacts: rows.map(artifactMessage), nextPageToken };
}

function subjectOf({ pipelineId, workflowId }: ListArtifactsRequest) {
  if ((pipelineId === "0") === (workflowId === "0")) {
    throw invalidField("workflow_id", workflowId, 'a workflow or a pipeline_id, exactly one of which is not "0"');
  }
  return workflowId === "0"
    ? ({ column: "w.pipeline_id", id: requireId("pipeline_id", pipelineId) } as const)
    : ({ column: "w.id", id: requireId("workflow_id", workflowId) } as const);
}
