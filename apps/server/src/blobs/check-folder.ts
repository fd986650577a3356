import type { ServerContext } from "../context.ts";
import { BlobFault } from "./blob-fault.ts";
import { hexOf } from "./store.ts";

/**
 * Says so when the object store lacks the newest stored file: replicas that do not share one folder, or a database that
 * was restored without it. Not a reason not to start: all else works.
 */
export async function warnOfMissingFiles({
  db,
  blobs,
  log,
}: Pick<ServerContext, "db" | "blobs" | "log">): Promise<void> {
  const newest = await db
    .selectFrom("blobs")
    .select(["id", "sha256"])
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  if (!newest) return;
  try {
    for await (const _ of blobs.read(newest.sha256)) return;
  } catch (error) {
    if (!(error instanceof BlobFault)) throw error;
    log.warn(
      { blobId: newest.id, sha256: hexOf(newest.sha256) },
      "the newest stored file is not in the object store: all replicas of a database must share it",
    );
  }
}
