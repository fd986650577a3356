import type { BlobInfo, PutBlobRequest } from "@groundcrew/proto";
import { conflict, invalidField } from "@groundcrew/rpc";
import { createHash } from "node:crypto";
import type { Caller } from "../agents/caller.ts";
import { putCache } from "../caches/put-cache.ts";
import type { ServerContext } from "../context.ts";
import { lockStepRun, requireLease } from "../workflows/step-run.ts";
import { checkedHeader, type CheckedHeader } from "./blob-header.ts";
import { blobMessage, findBlob, insertBlob, type BlobRow } from "./blob-row.ts";
import { MAX_PART_BYTES } from "./limits.ts";
import { receiveBlob, type BlobUpload } from "./receive-blob.ts";
import { hexOf } from "./store.ts";

/**
 * Stores a file of a step run of a lease that the caller holds, or held within the last 24 hours. A file that is stored
 * already is answered without its data; a file that was cut off goes on at the offset that the error names.
 */
export async function putBlob(
  context: ServerContext,
  caller: Caller,
  requests: AsyncIterable<PutBlobRequest>,
): Promise<BlobInfo> {
  const messages = requests[Symbol.asyncIterator]();
  const header = await readHeader(messages);
  await requireLease(context.db, caller, header.stepRun);
  const stepRun = await context.db.transaction().execute((tx) => lockStepRun(tx, header.stepRun));
  const upload = { ...header, data: dataOf(messages), key: `${stepRun.id}-${header.kind}-${digestOf(header.name)}` };
  if (header.kind === "cache") return putCache(context, upload);
  return putFile(context, stepRun.id, upload, header.kind);
}

/** A file of any name or key as the name of its partial file. */
function digestOf(name: string): string {
  return createHash("sha256").update(name).digest("hex");
}

async function putFile(
  context: ServerContext,
  stepRunId: string,
  upload: BlobUpload,
  kind: BlobRow["kind"],
): Promise<BlobInfo> {
  const { db } = context;
  const { name, contentType, size, sha256, stepRun } = upload;
  const known = await findBlob(db, stepRunId, name, kind);
  if (!known) await receiveBlob(context, upload);
  const values = { workflow_id: stepRun.workflowId, step_run_id: stepRunId, content_type: contentType };
  const made = known ?? (await insertBlob(db, { ...values, kind, name, size: String(size), sha256 }));
  const row = made ?? found(await findBlob(db, stepRunId, name, kind));
  requireSame(row, upload);
  return blobMessage(row, stepRun);
}

async function readHeader(messages: AsyncIterator<PutBlobRequest>): Promise<CheckedHeader> {
  const first = await messages.next();
  const part = first.done === true ? undefined : first.value.part;
  if (part?.case !== "header") throw invalidField("header", part?.case ?? "absent", "the header as the first message");
  return checkedHeader(part.value);
}

function found(row: BlobRow | undefined): BlobRow {
  if (!row) throw new Error("a blob that was in the way of another vanished");
  return row;
}

async function* dataOf(messages: AsyncIterator<PutBlobRequest>): AsyncGenerator<Uint8Array> {
  for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
    const { part } = next.value;
    if (part.case !== "data") throw invalidField("part", part.case ?? "absent", "data: the header comes once");
    if (part.value.length > MAX_PART_BYTES) {
      throw invalidField("data", `${part.value.length} bytes`, `at most ${MAX_PART_BYTES} bytes a message`);
    }
    yield part.value;
  }
}

/** Evidence never changes once it is stored. */
function requireSame(row: BlobRow, { name, sha256, stepRun }: CheckedHeader): void {
  if (Buffer.from(row.sha256).equals(sha256)) return;
  const message = `step run ${stepRun.step}, try ${stepRun.try}, has another file named ${name} already`;
  throw conflict(`${message}, with SHA-256 ${hexOf(row.sha256)}; give this one another name`);
}
