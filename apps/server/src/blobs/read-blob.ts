import type { ServerContext } from "../context.ts";
import { connectErrorOf } from "./connect-error.ts";

/** Reads a stored file for a caller, in parts of at most 1 MiB. Throws DATA_LOSS when the object store no longer has it. */
export async function* readBlob(
  { blobs }: Pick<ServerContext, "blobs">,
  sha256: Uint8Array,
  offset = 0,
): AsyncGenerator<Uint8Array> {
  try {
    yield* blobs.read(sha256, offset);
  } catch (error) {
    throw connectErrorOf(error);
  }
}
