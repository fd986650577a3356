import { join } from "node:path";
import { openBlobStore, type BlobStore } from "../blobs/store.ts";
import { openFolderStore } from "../objects/folder-store.ts";
import type { ObjectStore } from "../objects/object-store.ts";

/** The object store and the files in it, as a server has them that keeps them in this folder. */
export async function openStores(folder: string): Promise<{ objects: ObjectStore; blobs: BlobStore }> {
  const objects = await openFolderStore(folder);
  return { objects, blobs: await openBlobStore({ objects, incoming: join(folder, "incoming") }) };
}
