import { createHash } from "node:crypto";
import { BlobKind, type BlobInfo, type PeerService } from "@groundcrew/proto";
import type { Client } from "@groundcrew/rpc";

/** A lease, as an agent names it. */
interface LeaseRef {
  workflowId: string;
  epoch: string;
}

/** Puts an artifact or cache of step "run" of a lease, as its agent does. Returns what was stored. */
export async function putFile(
  client: Client<typeof PeerService>,
  lease: LeaseRef,
  what: { artifact: string } | { cacheKey: string },
  text: string,
): Promise<BlobInfo | undefined> {
  const content = Buffer.from(text);
  const names =
    "artifact" in what ? { kind: BlobKind.ARTIFACT, name: what.artifact } : { kind: BlobKind.CACHE, ...what };
  const header = {
    ...names,
    stepRun: { ...lease, step: "run", try: 1 },
    contentType: "application/zstd",
    size: String(content.length),
    sha256: createHash("sha256").update(content).digest(),
    offset: "0",
  };
  async function* parts() {
    yield { part: { case: "header" as const, value: header } };
    yield { part: { case: "data" as const, value: content } };
  }
  return (await client.putBlob(parts())).blob;
}

/** Reads an artifact or cache for a lease. */
export async function getFile(
  client: Client<typeof PeerService>,
  lease: LeaseRef,
  kind: BlobKind,
  id: string,
): Promise<string> {
  let text = "";
  for await (const { part } of client.getBlob({ id, kind, lease: { ...lease } })) {
    if (part.case === "data") text += Buffer.from(part.value).toString();
  }
  return text;
}
