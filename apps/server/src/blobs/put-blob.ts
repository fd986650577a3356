import type { BlobInfo, PutBlobRequest } from "@groundcrew/proto";
import { conflict, invalidField } from "@groundcrew/rpc";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { lockStepRun, requireLease } from "../workflows/step-run.ts";
import { checkedHeader, type CheckedHeader } from "./blob-header.ts";
import { blobMessage, findBlob, insertBlob, type BlobRow } from "./blob-row.ts";
import { connectErrorOf } from "./connect-error.ts";
import { MAX_PART_BYTES } from "./limits.ts";
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
  const known = await findBlob(context.db, stepRun.id, header.name);
  const row = known ?? (await receive(context, stepRun.id, header, messages));
  requireSame(row, header);
  return blobMessage(row, header.stepRun);
}

async function readHeader(messages: AsyncIterator<PutBlobRequest>): Promise<CheckedHeader> {
  const first = await messages.next();
  const part = first.done === true ? undefined : first.value.part;
  if (part?.case !== "header") throw invalidField("header", part?.case ?? "absent", "the header as the first message");
  return checkedHeader(part.value);
}

async function receive(
  { db, blobs }: ServerContext,
  stepRunId: string,
  header: CheckedHeader,
  messages: AsyncIterator<PutBlobRequest>,
): Promise<BlobRow> {
  const { name, contentType, size, sha256, offset, stepRun } = header;
  await blobs
    .receive({ key: `${stepRunId}-${name}`, size, sha256, offset }, dataOf(messages))
    .catch((error: unknown) => {
      throw connectErrorOf(error);
    });
  const row = await insertBlob(db, {
    workflow_id: stepRun.workflowId,
    step_run_id: stepRunId,
    name,
    content_type: contentType,
    size: String(size),
    sha256,
  });
  return row ?? found(await findBlob(db, stepRunId, name));
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
