import { sql } from "kysely";
import type { Db } from "../context.ts";
import type { Chunk, LogPosition } from "./chunks.ts";

/** One statement reads at most this many chunks, */
const PAGE_CHUNKS = 64;

/** and goes on to another chunk only while it has read less than this many compressed bytes. */
const PAGE_BYTES = 1024 * 1024;

interface Row {
  step_run_id: string;
  first_line: string;
  line_count: number;
  lost_before: string;
  data: Uint8Array;
  found: number;
}

/** A page of chunks. */
export interface ChunkPage {
  /** In the order of the positions, and of the lines of each. */
  chunks: Chunk[];
  /** The step run that the page ends in, of which there may be more; all before it were read. Undefined: all were. */
  readTo: string | undefined;
}

/**
 * The first chunks in the database with lines from these positions on. None of a log that was moved: its chunks may be
 * half removed. So what is missing here is in the object store, or nowhere.
 */
export async function readPage(db: Db, positions: readonly LogPosition[]): Promise<ChunkPage> {
  const some = positions.slice(0, PAGE_CHUNKS);
  const rows = await readRows(db, some);
  const found = rows[0]?.found ?? 0;
  const complete = found < PAGE_CHUNKS && found === rows.length;
  const beyond = positions.length > some.length;
  const chunks = rows.map(chunkOf);
  return { chunks, readTo: complete ? (beyond ? some.at(-1)?.stepRunId : undefined) : chunks.at(-1)?.stepRunId };
}

async function readRows(db: Db, positions: readonly LogPosition[]): Promise<Row[]> {
  const [ids, nextLines, endLines] = [
    positions.map(({ stepRunId }) => stepRunId),
    positions.map(({ nextLine }) => nextLine),
    positions.map(({ endLine }) => endLine),
  ];
  const { rows } = await sql<Row>`
    with found as (
      select wanted.n, chunk.*
      from unnest(${ids}::bigint[], ${nextLines}::bigint[], ${endLines}::bigint[])
        with ordinality as wanted (step_run_id, next_line, end_line, n)
      join step_runs s on s.id = wanted.step_run_id and not s.log_moved
      cross join lateral (
        select c.step_run_id, c.first_line, c.line_count, c.lost_before, c.data from log_chunks c
        where c.step_run_id = s.id and c.log_day = s.log_day
          and c.first_line >= coalesce((
            select max(b.first_line) from log_chunks b
            where b.step_run_id = s.id and b.log_day = s.log_day and b.first_line <= wanted.next_line
          ), 0)
          and (c.first_line > wanted.next_line or c.first_line + c.line_count > wanted.next_line)
          and c.first_line - c.lost_before < wanted.end_line
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
  return rows;
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
