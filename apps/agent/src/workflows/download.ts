import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { FilesError } from "@groundcrew/engine";
import type { BlobInfo, BlobKind } from "@groundcrew/proto";
import type { CallOptions } from "../connection/server-link.ts";
import type { Lease } from "./lease.ts";

/** A file of the server's. */
export interface Download {
  blob: BlobInfo;
  kind: BlobKind;
  /** Where it goes to; must not exist yet. */
  into: string;
}

/**
 * Fetches a file that the lease may read, across outages, going on where it was cut off, and checks it. Throws the
 * server's refusal, and FilesError when what came is not the file.
 */
export async function download(lease: Lease, { blob, kind, into }: Download, options: CallOptions): Promise<void> {
  const { id, size, sha256 } = blob;
  const { workflowId, epoch } = lease.grant;
  const hash = createHash("sha256");
  let bytes = 0;
  await using file = await open(into, "wx", 0o600);
  await lease.call(async (client, how) => {
    const request = { id, kind, lease: { workflowId, epoch }, offset: String(bytes) };
    for await (const { part } of client.getBlob(request, how)) {
      if (part.case !== "data") continue;
      await file.appendFile(part.value);
      hash.update(part.value);
      bytes += part.value.length;
    }
  }, options);
  if (String(bytes) === size && hash.digest().equals(sha256)) return;
  throw new FilesError(`what the server sent, ${bytes} bytes, is not the file of ${size} bytes that it named`);
}
