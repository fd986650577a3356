import type { MessageInitShape } from "@bufbuild/protobuf";
import type { BlobInfo, GetBlobRequest, GetBlobResponseSchema } from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import type { Caller } from "../agents/caller.ts";
import { readableArtifact } from "../artifacts/find-artifact.ts";
import { readableCache } from "../caches/find-cache.ts";
import type { ServerContext } from "../context.ts";
import { requireId } from "../validate.ts";
import { requireBytes } from "./blob-header.ts";
import { blobMessage } from "./blob-row.ts";
import { requireHeld } from "../workflows/held-lease.ts";
import { checkedKind } from "./kinds.ts";
import { readBlob } from "./read-blob.ts";

/** Streams a file that the caller may read: what it is, then its data from the offset. */
export async function* getBlob(
  context: ServerContext,
  caller: Caller,
  request: GetBlobRequest,
): AsyncGenerator<MessageInitShape<typeof GetBlobResponseSchema>> {
  const blob = await findReadable(context, caller, request);
  const offset = requireBytes("offset", request.offset, Number(blob.size));
  yield { part: { case: "info", value: blob } };
  for await (const value of readBlob(context, blob.sha256, offset)) yield { part: { case: "data", value } };
}

async function findReadable(context: ServerContext, caller: Caller, request: GetBlobRequest): Promise<BlobInfo> {
  const id = requireId("id", request.id);
  const kind = checkedKind("kind", request.kind);
  switch (kind) {
    case "evidence":
      return findOwn(context, caller, id);
    case "artifact":
      return readableArtifact(context.db, await requireHeld(context.db, caller, request.lease), id);
    case "cache":
      return readableCache(context.db, await requireHeld(context.db, caller, request.lease), id);
    default:
      return kind satisfies never;
  }
}

/** Another agent's file is as unknown to the caller as one that does not exist. */
async function findOwn({ db }: ServerContext, { agentId }: Caller, id: string): Promise<BlobInfo> {
  const row = await db
    .selectFrom("blobs")
    .innerJoin("step_runs", "step_runs.id", "blobs.step_run_id")
    .innerJoin("leases", "leases.epoch", "step_runs.epoch")
    .selectAll("blobs")
    .select(["step_runs.epoch", "step_runs.step", "step_runs.try"])
    .where("blobs.id", "=", id)
    .where("blobs.kind", "=", "evidence")
    .where("leases.agent_id", "=", agentId)
    .executeTakeFirst();
  if (!row) throw notFound("blob", id);
  return blobMessage(row, { workflowId: row.workflow_id, epoch: row.epoch, step: row.step, try: row.try });
}
