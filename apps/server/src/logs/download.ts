import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DownloadLogsRequest, DownloadLogsResponseSchema } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { throwIfStopping } from "../db/watch.ts";
import { unpackBatch } from "./batch.ts";
import { readChunks } from "./chunks.ts";
import { LineWriter } from "./line-writer.ts";
import { selectLogs } from "./selection.ts";
import { headerOf, readSources, type LogHeader } from "./sources.ts";

/** A message is sent when it has so many bytes, and never has twice as many. */
const PART_BYTES = 256 * 1024;

/**
 * What is stored now, as one text file, at the pace of its reader: see {@link LineWriter}. Throws INVALID_ARGUMENT and NOT_FOUND for a bad request, UNAVAILABLE when the server stops.
 */
export async function* downloadLogs(
  context: ServerContext,
  request: DownloadLogsRequest,
): AsyncGenerator<MessageInitShape<typeof DownloadLogsResponseSchema>> {
  const { workflowIds, step } = await selectLogs(context.db, request);
  const sources = await readSources(context.db, workflowIds, step);
  const runs = sources.flatMap((source) => source.stepRuns.map((run) => ({ ...run, header: headerOf(source, run) })));
  for (const { header, ...run } of runs) {
    if (runs.length > 1) yield { data: Buffer.from(titleOf(header)) };
    yield* inParts(textOf(context, run, new LineWriter(request)));
  }
}

async function* textOf(
  context: ServerContext,
  { id, lineCount }: { id: string; lineCount: number },
  writer: LineWriter,
): AsyncGenerator<Uint8Array> {
  for await (const { data, lostBefore } of readChunks(context, [{ stepRunId: id, nextLine: 0, endLine: lineCount }])) {
    throwIfStopping(context);
    yield* writer.write(await unpackBatch(data), lostBefore);
  }
  yield* writer.end();
}

function titleOf({ workflowName, stepRun }: LogHeader): string {
  return `==> ${workflowName}/${stepRun.step}, try ${stepRun.try} <==\n`;
}

/** The same bytes in parts: so small ones that they fit into a message, so large ones that these are few. */
async function* inParts(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<{ data: Uint8Array }> {
  let part: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += PART_BYTES) {
      const next = piece.subarray(at, at + PART_BYTES);
      part.push(next);
      bytes += next.length;
      if (bytes < PART_BYTES) continue;
      yield { data: Buffer.concat(part) };
      [part, bytes] = [[], 0];
    }
  }
  if (bytes > 0) yield { data: Buffer.concat(part) };
}
