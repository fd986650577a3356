import { fromBinary } from "@bufbuild/protobuf";
import { EnqueueLogRequestSchema, type EnqueueLogRequest } from "@groundcrew/proto";
import { sql } from "kysely";
import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import type { Db } from "../context.ts";

const decompress = promisify(zstdDecompress);

/** One statement reads at most this many chunks, */
const PAGE_CHUNKS = 64;

/** and goes on to another chunk only while it has read less than this many compressed bytes. */
const PAGE_BYTES = 1024 * 1024;

/** Where a reader stands in a step run's log. */
interface LogPosition {
  stepRunId: string;
  /** The next line to read. */
  nextLine: number;
  /** The lines stored when this was looked up: where to stop. */
  lineCount: number;
}

/** A stored batch of lines. */
export interface Chunk {
  stepRunId: string;
  firstLine: number;
  lineCount: number;
  lostBefore: number;
  /** Compressed: see {@link readBatch}. */
  data: Uint8Array;
}

/**
 * Every chunk with lines from these positions on, one step run after the other, each in order. Reads a bounded page
 * at a time and the next one only when it is asked for. Moves the positions past what was read.
 */
export async function* readChunks(db: Db, positions: readonly LogPosition[]): AsyncGenerator<Chunk> {
  let pending = positions.filter(hasMore);
  while (pending.length > 0) {
    const some = pending.slice(0, PAGE_CHUNKS);
    const { chunks, complete } = await readPage(db, some);
    const last = complete ? undefined : chunks.at(-1)?.stepRunId;
    for (const chunk of chunks) {
      const position = some.find(({ stepRunId }) => stepRunId === chunk.stepRunId);
      yield chunk;
      if (position) position.nextLine = Math.max(position.nextLine, chunk.firstLine + chunk.lineCount);
    }
    settle(some, last);
    pending = pending.filter(hasMore);
  }
}

/** The lines of a chunk. */
export async function readBatch({ data }: Chunk): Promise<EnqueueLogRequest> {
  return fromBinary(EnqueueLogRequestSchema, await decompress(data));
}

function hasMore({ nextLine, lineCount }: LogPosition): boolean {
  return nextLine < lineCount;
}

/** What a page went past has no more, even where chunks are gone; it stopped inside `last`, if anywhere. */
function settle(some: readonly LogPosition[], last: string | undefined): void {
  for (const position of some) {
    if (position.stepRunId === last) return;
    position.nextLine = Math.max(position.nextLine, position.lineCount);
  }
}

interface Row {
  step_run_id: string;
  first_line: string;
  line_count: number;
  lost_before: string;
  data: Uint8Array;
  found: number;
}

async function readPage(db: Db, positions: LogPosition[]): Promise<{ chunks: Chunk[]; complete: boolean }> {
  const [ids, nextLines] = [positions.map(({ stepRunId }) => stepRunId), positions.map(({ nextLine }) => nextLine)];
  const { rows } = await sql<Row>`
    with found as (
      select wanted.n, chunk.*
      from unnest(${ids}::bigint[], ${nextLines}::bigint[]) with ordinality as wanted (step_run_id, next_line, n)
      cross join lateral (
        select c.step_run_id, c.first_line, c.line_count, c.lost_before, c.data from log_chunks c
        where c.step_run_id = wanted.step_run_id
          and c.first_line >= coalesce((
            select max(b.first_line) from log_chunks b
            where b.step_run_id = wanted.step_run_id and b.first_line <= wanted.next_line
          ), 0)
          and (c.first_line > wanted.next_line or c.first_line + c.line_count > wanted.next_line)
        order by c.first_line limit ${PAGE_CHUNKS}
      ) chunk
      order by wanted.n, chunk.first_line limit ${PAGE_CHUNKS}
    ), sized as (
      select *, sum(octet_length(data)) over (order by n, first_line) - octet_length(data) as bytes_before,
        (count(*) over ())::integer as found
      from found
    )
    select step_run_id, first_line, line_count, lost_before, data, found
    from sized where bytes_before < ${PAGE_BYTES} order by n, first_line`.execute(db);
  const found = rows[0]?.found ?? 0;
  return { chunks: rows.map(chunkOf), complete: found < PAGE_CHUNKS && found === rows.length };
}

function chunkOf({ step_run_id, first_line, line_count, lost_before, data }: Row): Chunk {
  return {
    stepRunId: step_run_id,
    firstLine: Number(first_line),
    lineCount: line_count,
    lostBefore: Number(lost_before),
    data,
  };
}
