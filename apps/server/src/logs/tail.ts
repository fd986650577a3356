import { create } from "@bufbuild/protobuf";
import { TailLogsResponseSchema, type LogEntry, type TailLogsRequest, type TailLogsResponse } from "@groundcrew/proto";
import { sql } from "kysely";
import type { Db, ServerContext } from "../context.ts";
import type { WorkflowStateName } from "../db/schema.ts";
import { throwIfStopping, watchRounds } from "../db/watch.ts";
import { hasEnded } from "../workflows/rules.ts";
import { readBatch, readChunks, type Chunk } from "./chunks.ts";
import { selectLogs } from "./selection.ts";

/** The least time between two looks at what is new, in milliseconds. Agents send every 200 ms by default. */
const GAP_MS = 50;

/** The most text of one response, in bytes, unless one line alone is longer. */
const RESPONSE_MAX_BYTES = 1024 * 1024;

/** What an entry takes on the wire beside its text, in bytes, at most. */
const ENTRY_OVERHEAD_BYTES = 16;

/**
 * Stored lines from the cursors on, of one step run after the other, the oldest first. With `follow` it goes on until
 * every selected workflow has ended and every line was sent. Reads at the pace of its reader. Throws INVALID_ARGUMENT
 * and NOT_FOUND for a bad request, UNAVAILABLE when the server stops.
 */
export async function* tailLogs(
  context: ServerContext,
  request: TailLogsRequest,
  caller: AbortSignal,
): AsyncGenerator<TailLogsResponse> {
  const { workflowIds, step, topics, cursors } = await selectLogs(context.db, request);
  const nextLines = new Map(cursors);
  let open = workflowIds;
  for await (const _ of watchRounds(context, { topics, gapMs: GAP_MS, caller })) {
    const sources = await readSources(context.db, open, step);
    yield* sendNew(context, sources, nextLines);
    // Judged by what was read before the lines were: a workflow that ended since is looked at once more.
    open = sources.filter(({ state }) => !hasEnded(state)).map(({ id }) => id);
    if (!request.follow || open.length === 0) return;
  }
}

/** A workflow with the step runs that are selected. */
interface Source {
  id: string;
  name: string;
  state: WorkflowStateName;
  stepRuns: { id: string; epoch: string; step: string; try: number; lineCount: number }[];
}

/** The workflows in order, each with its step runs, in one statement: no line is stored after the end that it shows. */
async function readSources(db: Db, workflowIds: string[], step: string | null): Promise<Source[]> {
  const { rows } = await sql<Source>`
    select w.id, w.name, w.state, coalesce(s.step_runs, '[]') as "stepRuns"
    from workflows w
    left join lateral (
      select jsonb_agg(jsonb_build_object('id', id::text, 'epoch', epoch::text, 'step', step, 'try', try,
        'lineCount', next_line) order by id) as step_runs
      from step_runs where workflow_id = w.id and (${step}::text is null or step = ${step})
    ) s on true
    where w.id = any (${workflowIds}::bigint[]) order by w.id`.execute(db);
  return rows;
}

/** Sends what is stored beyond `nextLines`, and moves these on. */
async function* sendNew(
  context: ServerContext,
  sources: Source[],
  nextLines: Map<string, number>,
): AsyncGenerator<TailLogsResponse> {
  const headers = new Map(sources.flatMap((source) => source.stepRuns.map((run) => [run.id, headerOf(source, run)])));
  const positions = sources.flatMap(({ stepRuns }) =>
    stepRuns.map(({ id, lineCount }) => ({ stepRunId: id, nextLine: nextLines.get(id) ?? 0, lineCount })),
  );
  for await (const chunk of readChunks(context.db, positions)) {
    throwIfStopping(context);
    yield* responsesOf(chunk, nextLines.get(chunk.stepRunId) ?? 0, headers.get(chunk.stepRunId));
    nextLines.set(chunk.stepRunId, chunk.firstLine + chunk.lineCount);
  }
}

function headerOf({ id, name }: Source, run: Source["stepRuns"][number]) {
  return { workflowName: name, stepRun: { workflowId: id, epoch: run.epoch, step: run.step, try: run.try } };
}

/** What of a chunk is new to a reader whose next line is `nextLine`. */
async function* responsesOf(
  chunk: Chunk,
  nextLine: number,
  header: ReturnType<typeof headerOf> | undefined,
): AsyncGenerator<TailLogsResponse> {
  const { baseTime, entries } = await readBatch(chunk);
  let firstLine = Math.max(chunk.firstLine, nextLine);
  let lostBefore = nextLine < chunk.firstLine ? chunk.lostBefore : 0;
  const fresh = entries.slice(firstLine - chunk.firstLine);
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
