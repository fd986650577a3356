import type { BlobInfo } from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import { blobMessage } from "../blobs/blob-row.ts";
import type { Db } from "../context.ts";
import type { HeldWorkflow } from "../workflows/held-lease.ts";
import { selectArtifacts, type ArtifactRow } from "./artifact-row.ts";

/** Which artifact: of the workflow itself where `workflow` is empty. */
export interface ArtifactName {
  workflow: string;
  artifact: string;
}

/**
 * The artifact of this name that a workflow of the same pipeline kept: of its newest retry, its newest try, and of a
 * matrix its last cell.
 */
export async function findArtifact(
  db: Db,
  { workflowId, pipelineId }: HeldWorkflow,
  { workflow, artifact }: ArtifactName,
): Promise<BlobInfo | undefined> {
  const row = await selectArtifacts(db)
    .where("b.name", "=", artifact)
    .$if(workflow === "", (query) => query.where("w.id", "=", workflowId))
    .$if(workflow !== "", (query) =>
      query
        .where("w.pipeline_id", "=", pipelineId)
        // The cells of a matrix are named `KEY (…)`.
        .where(sql<boolean>`(w.name = ${workflow} or starts_with(w.name, ${`${workflow} (`}))`),
    )
    .orderBy("w.id", "desc")
    .orderBy("s.epoch", "desc")
    .orderBy("b.id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && messageOf(row);
}

/** An artifact that a workflow may read: one of its own pipeline. Throws NOT_FOUND, for any other as well. */
export async function readableArtifact(
  db: Db,
  { workflowId, pipelineId }: HeldWorkflow,
  id: string,
): Promise<BlobInfo> {
  const row = await selectArtifacts(db)
    .where("b.id", "=", id)
    .where((eb) => eb.or([eb("w.id", "=", workflowId), eb("w.pipeline_id", "=", pipelineId)]))
    .executeTakeFirst();
  if (!row) throw notFound("artifact", id);
  return messageOf(row);
}

function messageOf(row: ArtifactRow): BlobInfo {
  return blobMessage(row, { workflowId: row.workflow_id, epoch: row.epoch, step: row.step, try: row.try });
}
