import { notFound } from "@groundcrew/rpc";
import { readBlob } from "../blobs/read-blob.ts";
import type { ServerContext } from "../context.ts";
import { findVettingRun } from "./read.ts";

/** A file that a stage of this vetting run left, in parts of at most 1 MiB. Throws NOT_FOUND for any other file. */
export async function* readEvidenceFile(
  context: ServerContext,
  { runId, blobId }: { runId: string; blobId: string },
): AsyncGenerator<Uint8Array> {
  await findVettingRun(context.db, runId);
  const blob = await context.db
    .selectFrom("blobs")
    .select("sha256")
    .where("id", "=", blobId)
    .where("workflow_id", "=", runId)
    .where("kind", "=", "evidence")
    .where("step_run_id", "is not", null)
    .executeTakeFirst();
  if (!blob) throw notFound("evidence", blobId);
  yield* readBlob(context, blob.sha256);
}
