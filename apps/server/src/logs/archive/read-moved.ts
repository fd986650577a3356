import { Code, ConnectError } from "@groundcrew/rpc";
import type { Db, ServerContext } from "../../context.ts";
import type { FrameRow } from "../../db/schema.ts";
import { ObjectMissing } from "../../objects/object-store.ts";
import type { Chunk, LogPosition } from "../chunks.ts";

/**
 * The frames of a moved log with lines from this position on, read in one go but only as fast as they are asked for.
 * None of a log that was not moved. Throws DATA_LOSS when the object store no longer has it.
 */
export async function* readMoved(
  { db, objects }: Pick<ServerContext, "objects"> & { db: Db },
  { stepRunId, nextLine, endLine }: LogPosition,
): AsyncGenerator<Chunk> {
  const archive = await findArchive(db, stepRunId);
  if (!archive) return;
  const { key, frames } = archive;
  const wanted = wantedFrames(frames, nextLine, endLine);
  const range = {
    offset: bytesOf(frames.slice(0, wanted.from)),
    length: bytesOf(frames.slice(wanted.from, wanted.to)),
  };
  let at = wanted.from;
  try {
    for await (const data of pieces(objects.read(key, range), frames.slice(wanted.from, wanted.to))) {
      const [firstLine, lineCount, lostBefore] = frames[at++] ?? [0, 0, 0];
      yield { stepRunId, firstLine, lineCount, lostBefore, data };
    }
  } catch (error) {
    throw error instanceof ObjectMissing ? lost(key) : error;
  }
  if (at < wanted.to) throw lost(key);
}

async function findArchive(db: Db, stepRunId: string): Promise<{ key: string; frames: FrameRow[] } | undefined> {
  const row = await db
    .selectFrom("log_archives")
    .select(["object_key", "frames"])
    .where("step_run_id", "=", stepRunId)
    .executeTakeFirst();
  return row?.frames ? { key: row.object_key, frames: row.frames } : undefined;
}

/** Which frames have lines of [nextLine, endLine), or a gap in it. */
function wantedFrames(frames: readonly FrameRow[], nextLine: number, endLine: number): { from: number; to: number } {
  const from = frames.findIndex(([first, count]) => first > nextLine || first + count > nextLine);
  if (from === -1) return { from: frames.length, to: frames.length };
  const to = frames.findIndex(([first, , lost], index) => index >= from && first - lost >= endLine);
  return { from, to: to === -1 ? frames.length : to };
}

function bytesOf(frames: readonly FrameRow[]): number {
  return frames.reduce((sum, [, , , bytes]) => sum + bytes, 0);
}

/** Data in pieces of the frames' sizes. Ends early where the data does. */
async function* pieces(parts: AsyncIterable<Uint8Array>, frames: readonly FrameRow[]): AsyncGenerator<Uint8Array> {
  const sizes = frames.map(([, , , bytes]) => bytes).values();
  let size = sizes.next().value;
  let pending: Uint8Array = Buffer.alloc(0);
  for await (const part of parts) {
    pending = pending.length === 0 ? part : Buffer.concat([pending, part]);
    for (; size !== undefined && pending.length >= size; size = sizes.next().value) {
      yield pending.subarray(0, size);
      pending = pending.subarray(size);
    }
  }
}

function lost(key: string): ConnectError {
  return new ConnectError(
    `the moved log ${key} is not whole in the server's object store; restore it from a backup`,
    Code.DataLoss,
  );
}
