import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GetBlobRequest, GetBlobResponseSchema } from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { requireId } from "../validate.ts";
import { requireBytes } from "./blob-header.ts";
import { blobMessage } from "./blob-row.ts";
import { readBlob } from "./read-blob.ts";

/** Streams a file of one of the caller's own step runs: what it is, then its data from the offset. */
export async function* getBlob(
  context: ServerContext,
  caller: Caller,
  request: GetBlobRequest,
): AsyncGenerator<MessageInitShape<typeof GetBlobResponseSchema>> {
  const row = await findOwn(context, caller, requireId("id", request.id));
  const offset = requireBytes("offset", request.offset, Number(row.size));
  const stepRun = { workflowId: row.workflow_id, epoch: row.epoch, step: row.step, try: row.try };
  yield { part: { case: "info", value: blobMessage(row, stepRun) } };
  for await (const value of readBlob(context, row.sha256, offset)) yield { part: { case: "data", value } };
}

/** Another agent's file is as unknown to the caller as one that does not exist. */
async function findOwn({ db }: ServerContext, { agentId }: Caller, id: string) {
  const row = await db
    .selectFrom("blobs")
    .innerJoin("step_runs", "step_runs.id", "blobs.step_run_id")
    .innerJoin("leases", "leases.epoch", "step_runs.epoch")
    .selectAll("blobs")
    .select(["step_runs.epoch", "step_runs.step", "step_runs.try"])
    .where("blobs.id", "=", id)
    .where("leases.agent_id", "=", agentId)
    .executeTakeFirst();
  if (!row) throw notFound("blob", id);
  return row;
}
