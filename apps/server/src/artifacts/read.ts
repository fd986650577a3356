import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GetArtifactRequest, GetArtifactResponseSchema } from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import { readBlob } from "../blobs/read-blob.ts";
import type { ServerContext } from "../context.ts";
import { requireId } from "../validate.ts";
import { artifactMessage, selectArtifacts } from "./artifact-row.ts";

/** Streams an artifact: what it is, then its data. Throws NOT_FOUND. */
export async function* readArtifact(
  context: ServerContext,
  request: GetArtifactRequest,
): AsyncGenerator<MessageInitShape<typeof GetArtifactResponseSchema>> {
  const id = requireId("id", request.id);
  const row = await selectArtifacts(context.db).where("b.id", "=", id).executeTakeFirst();
  if (!row) throw notFound("artifact", id);
  yield { part: { case: "info", value: artifactMessage(row) } };
  for await (const value of readBlob(context, row.sha256)) yield { part: { case: "data", value } };
}
