import type { Db, ServerContext } from "../context.ts";
import { readMoved } from "./archive/read-moved.ts";
import { readPage, type ChunkPage } from "./chunk-page.ts";

/** Where a reader stands in a step run's log. */
export interface LogPosition {
  stepRunId: string;
  /** The next line to read. */
  nextLine: number;
  /** Where to stop: at most the lines stored when this was looked up. */
  endLine: number;
}

/** A stored batch of lines. */
export interface Chunk {
  stepRunId: string;
  firstLine: number;
  lineCount: number;
  lostBefore: number;
  /** Packed: see `batch.ts`. */
  data: Uint8Array;
}

/** What chunks are read from. */
interface ChunkPlaces extends Pick<ServerContext, "objects"> {
  db: Db;
  /** Reads a page of the database. Default: by a statement of its own. */
  page?: (positions: readonly LogPosition[]) => Promise<ChunkPage>;
}

/**
 * Every chunk with lines from these positions on, one step run after the other, each in order, whether it is in the
 * database or was moved to the object store. Reads a bounded page at a time and the next one only when it is asked for.
 * Moves the positions past what was read.
 */
export async function* readChunks(places: ChunkPlaces, positions: readonly LogPosition[]): AsyncGenerator<Chunk> {
  const { page = (wanted) => readPage(places.db, wanted) } = places;
  let pending = positions.filter(hasMore);
  while (pending.length > 0) {
    const { chunks, readTo } = await page(pending);
    const found = Map.groupBy(chunks, ({ stepRunId }) => stepRunId);
    for (const position of pending) {
      yield* advancing(position, found.get(position.stepRunId) ?? []);
      if (position.stepRunId === readTo) break;
      // A page leaves out what was moved; what neither place has is gone.
      if (hasMore(position)) yield* advancing(position, readMoved(places, position));
      position.nextLine = Math.max(position.nextLine, position.endLine);
    }
    pending = pending.filter(hasMore);
  }
}

function hasMore({ nextLine, endLine }: LogPosition): boolean {
  return nextLine < endLine;
}

async function* advancing(
  position: LogPosition,
  chunks: Iterable<Chunk> | AsyncIterable<Chunk>,
): AsyncGenerator<Chunk> {
  for await (const chunk of chunks) {
    yield chunk;
    position.nextLine = Math.max(position.nextLine, chunk.firstLine + chunk.lineCount);
  }
}
