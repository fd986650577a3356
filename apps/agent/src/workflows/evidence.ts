import { createHash } from "node:crypto";
import { createReadStream, type Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { BlobOffsetSchema } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import type { CallOptions, PeerClient } from "../connection/server-link.ts";
import type { Lease } from "./lease.ts";
import type { StepRun } from "./step-run.ts";

const CONTENT_TYPES: Record<string, string> = {
  ".csv": "text/csv",
  ".html": "text/html",
  ".json": "application/json",
  ".jsonl": "application/jsonl",
  ".log": "text/plain",
  ".txt": "text/plain",
  ".xml": "application/xml",
  ".yaml": "application/yaml",
  ".yml": "application/yaml",
};

// A quarter of what a message may carry keeps other calls on the connection flowing.
const PART_BYTES = 256 * 1024;
const NAME = /^[A-Za-z0-9._-]{1,200}$/;

interface EvidenceFile {
  path: string;
  name: string;
  contentType: string;
  size: number;
  sha256: Uint8Array;
}

/**
 * Stores every regular file of a stage's folder. What the server does not take is named in the stage's log instead. A
 * folder that was never made holds nothing.
 */
export async function uploadEvidence(lease: Lease, stepRun: StepRun, directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const problem = problemOf(entry) ?? (await upload(lease, stepRun.ref, directory, entry.name));
    if (problem !== undefined) await stepRun.log.note(`${JSON.stringify(entry.name)} is not kept: ${problem}`);
  }
}

/** Why an entry cannot be evidence, if so. */
function problemOf(entry: Dirent): string | undefined {
  if (entry.isDirectory()) return "it is a folder";
  if (entry.isSymbolicLink()) return "it is a link";
  if (!entry.isFile()) return "it is not a regular file";
  if (!NAME.test(entry.name)) return "its name is not 1 to 200 of letters, digits, '-', '.', '_'";
  return undefined;
}

/** Answers what the server found wrong with the file, if anything. Throws any other refusal. */
async function upload(lease: Lease, stepRun: StepRun["ref"], directory: string, name: string) {
  const file = await describe(directory, name);
  try {
    await lease.call((client, options) => putBlob(client, options, stepRun, file));
    return undefined;
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.InvalidArgument) return error.rawMessage;
    throw error;
  }
}

async function describe(directory: string, name: string): Promise<EvidenceFile> {
  const path = join(directory, name);
  const hash = createHash("sha256");
  for await (const part of createReadStream(path) as AsyncIterable<Uint8Array>) hash.update(part);
  const contentType = CONTENT_TYPES[extname(name).toLowerCase()] ?? "application/octet-stream";
  return { path, name, contentType, size: (await stat(path)).size, sha256: hash.digest() };
}

// What an earlier try has stored is not sent again: the server tells where to go on.
async function putBlob(client: PeerClient, options: CallOptions, stepRun: StepRun["ref"], file: EvidenceFile) {
  for (let offset = "0"; ;) {
    try {
      return await client.putBlob(parts(stepRun, file, offset), options);
    } catch (error) {
      const wanted = detailOf(error, BlobOffsetSchema)?.offset;
      if (wanted === undefined || wanted === offset) throw error;
      offset = wanted;
    }
  }
}

async function* parts(stepRun: StepRun["ref"], file: EvidenceFile, offset: string) {
  const { path, name, contentType, size, sha256 } = file;
  const header = { stepRun, name, contentType, size: String(size), sha256, offset };
  yield { part: { case: "header" as const, value: header } };
  const content = createReadStream(path, { start: Number(offset), highWaterMark: PART_BYTES });
  for await (const value of content as AsyncIterable<Uint8Array>) yield { part: { case: "data" as const, value } };
}
