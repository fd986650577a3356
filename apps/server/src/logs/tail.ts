import { create } from "@bufbuild/protobuf";
import { TailLogsResponseSchema, type LogEntry, type TailLogsRequest, type TailLogsResponse } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { throwIfStopping, watchRounds } from "../db/watch.ts";
import { hasEnded } from "../workflows/rules.ts";
import type { BatchEntries } from "./batch.ts";
import { readChunks, type Chunk } from "./chunks.ts";
import { rangeOf, type LineRange } from "./range.ts";
import { selectLogs } from "./selection.ts";
import { SharedReads } from "./shared-reads.ts";
import { headerOf, type LogHeader, type Source } from "./sources.ts";

/** The least time between two looks at what is new, in milliseconds. Agents send every 200 ms by default. */
const GAP_MS = 50;

/** The most text of one response, in bytes, unless one line alone is longer. */
const RESPONSE_MAX_BYTES = 1024 * 1024;

/** What an entry takes on the wire beside its text, in bytes, at most. */
const ENTRY_OVERHEAD_BYTES = 16;

/**
 * Stored lines from the cursors on, of one step run after the other, the oldest first. With `follow` it goes on until
 * every selected workflow has ended and every line was sent. A range may limit it. Reads at the pace of its reader, and
 * what others follow as well together with them, where they are given the same `reads`. Throws INVALID_ARGUMENT
 * and NOT_FOUND for a bad request, UNAVAILABLE when the server stops.
 */
export async function* tailLogs(
  context: ServerContext,
  request: TailLogsRequest,
  caller: AbortSignal,
  reads = new SharedReads(context.db),
): AsyncGenerator<TailLogsResponse> {
  const { workflowIds, step, topics, cursors } = await selectLogs(context.db, request);
  const range = rangeOf(request);
  const nextLines = new Map(cursors);
  let open = workflowIds;
  let first = true;
  for await (const _ of watchRounds(context, { topics, gapMs: GAP_MS, caller })) {
    const sources = await reads.sources(open, step);
    if (first) startAtLast(sources, range, nextLines);
    first = false;
    yield* sendNew({ ...context, reads }, sources, range, nextLines);
    // Judged by what was read before the lines were: a workflow that ended since is looked at once more.
    open = sources.filter(({ state }) => !hasEnded(state)).map(({ id }) => id);
    if (!request.follow || open.length === 0) return;
  }
}

/** Sends what is stored beyond `nextLines`, and moves these on. */
async function* sendNew(
  context: ServerContext & { reads: SharedReads },
  sources: Source[],
  { fromLine, untilLine }: LineRange,
  nextLines: Map<string, number>,
): AsyncGenerator<TailLogsResponse> {
  const { reads } = context;
  const headers = new Map(sources.flatMap((source) => source.stepRuns.map((run) => [run.id, headerOf(source, run)])));
  const positions = sources.flatMap(({ stepRuns }) =>
    stepRuns.map(({ id, lineCount }) => ({
      stepRunId: id,
      nextLine: nextLines.get(id) ?? fromLine,
      endLine: Math.min(lineCount, untilLine),
    })),
  );
  for await (const chunk of readChunks({ ...context, page: (wanted) => reads.page(wanted) }, positions)) {
    throwIfStopping(context);
    const wanted = { fromLine: nextLines.get(chunk.stepRunId) ?? fromLine, untilLine };
    yield* responsesOf(chunk, await reads.entries(chunk.data), wanted, headers.get(chunk.stepRunId));
    nextLines.set(chunk.stepRunId, Math.min(untilLine, chunk.firstLine + chunk.lineCount));
  }
}

/** What of a chunk is wanted. */
function* responsesOf(
  chunk: Chunk,
  { baseTime, entries }: BatchEntries,
  { fromLine, untilLine }: Omit<LineRange, "lastLines">,
  header: LogHeader | undefined,
): Generator<TailLogsResponse> {
  let firstLine = Math.max(chunk.firstLine, fromLine);
  let lostBefore = Math.min(chunk.lostBefore, Math.max(0, chunk.firstLine - fromLine));
  const fresh = entries.slice(firstLine - chunk.firstLine, Math.max(0, untilLine - chunk.firstLine));
  if (fresh.length === 0 && lostBefore === 0) return;
  for (const part of split(fresh)) {
    yield create(TailLogsResponseSchema, {
      ...header,
      stepRunId: chunk.stepRunId,
      firstLine,
      ...(baseTime && { baseTime }),
      entries: part,
      lostBefore,
    });
    firstLine += part.length;
    lostBefore = 0;
  }
}

/** Begins in each step run so many lines before its end, but where the reader was before. */
function startAtLast(sources: Source[], { lastLines }: LineRange, nextLines: Map<string, number>): void {
  if (lastLines === 0) return;
  for (const { id, lineCount } of sources.flatMap(({ stepRuns }) => stepRuns))
    if (!nextLines.has(id)) nextLines.set(id, Math.max(0, lineCount - lastLines));
}

/** Entries in parts that fit in a message; one empty part for none. */
function split(entries: LogEntry[]): LogEntry[][] {
  const parts: LogEntry[][] = [[]];
  let bytes = 0;
  for (const entry of entries) {
    bytes += entry.text.length + ENTRY_OVERHEAD_BYTES;
    if (bytes > RESPONSE_MAX_BYTES && parts.at(-1)?.length !== 0) {
      parts.push([]);
      bytes = entry.text.length + ENTRY_OVERHEAD_BYTES;
    }
    parts.at(-1)?.push(entry);
  }
  return parts;
}
