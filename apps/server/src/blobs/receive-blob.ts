import type { ServerContext } from "../context.ts";
import type { CheckedHeader } from "./blob-header.ts";
import { connectErrorOf } from "./connect-error.ts";

/** A file that an agent sends. */
export interface BlobUpload extends CheckedHeader {
  /** Names the file while it is partial. */
  key: string;
  data: AsyncIterable<Uint8Array>;
}

/** Puts a file into the store. Throws what a caller is told of the store's faults. */
export async function receiveBlob({ blobs }: Pick<ServerContext, "blobs">, upload: BlobUpload): Promise<void> {
  const { key, size, sha256, offset, data } = upload;
  await blobs.receive({ key, size, sha256, offset }, data).catch((error: unknown) => {
    throw connectErrorOf(error);
  });
}
