import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { BlobOffsetSchema, type BlobHeaderSchema } from "@groundcrew/proto";
import { detailOf } from "@groundcrew/rpc";
import type { CallOptions, PeerClient } from "../connection/server-link.ts";
import type { Lease } from "./lease.ts";

// A quarter of what a message may carry keeps other calls on the connection flowing.
const PART_BYTES = 256 * 1024;

/** What a file is, but for what can be read from it. */
type FileHeader = Omit<MessageInitShape<typeof BlobHeaderSchema>, "$typeName" | "size" | "sha256" | "offset">;

/** A file to store on the server. */
export interface Upload {
  path: string;
  header: FileHeader;
}

/** Stores a file on the server, across outages, going on where it was cut off. Throws the server's refusal. */
export async function upload(lease: Lease, { path, header }: Upload, options: CallOptions = {}): Promise<void> {
  const described = { ...header, ...(await describe(path)) };
  await lease.call((client, how) => putBlob(client, how, path, described), options);
}

async function describe(path: string): Promise<{ size: string; sha256: Uint8Array }> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path) as AsyncIterable<Uint8Array>) hash.update(part);
  return { size: String((await stat(path)).size), sha256: hash.digest() };
}

// What an earlier try has stored is not sent again: the server tells where to go on.
async function putBlob(client: PeerClient, options: CallOptions, path: string, header: FileHeader) {
  for (let offset = "0"; ;) {
    try {
      return await client.putBlob(parts(path, { ...header, offset }), options);
    } catch (error) {
      const wanted = detailOf(error, BlobOffsetSchema)?.offset;
      if (wanted === undefined || wanted === offset) throw error;
      offset = wanted;
    }
  }
}

async function* parts(path: string, header: FileHeader & { offset: string }) {
  yield { part: { case: "header" as const, value: header } };
  const content = createReadStream(path, { start: Number(header.offset), highWaterMark: PART_BYTES });
  for await (const value of content as AsyncIterable<Uint8Array>) yield { part: { case: "data" as const, value } };
}
