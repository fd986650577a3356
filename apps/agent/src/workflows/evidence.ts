import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { Code, ConnectError } from "@groundcrew/rpc";
import type { Lease } from "./lease.ts";
import { maskFile } from "./mask-file.ts";
import type { RunContext } from "./run-context.ts";
import type { StepRun } from "./step-run.ts";
import { upload } from "./upload.ts";

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

/** What the files of one stage may come to, in bytes: 1 GiB. A stage that writes more is broken. */
const MAX_BYTES = 2 ** 30;

const NAME = /^[A-Za-z0-9._-]{1,200}$/;

/**
 * Stores every regular file of a stage's folder, without the agent's own secrets. What the server does not take is named in the stage's log instead. A
 * folder that was never made holds nothing.
 */
export async function uploadEvidence(
  { lease, settings }: Pick<RunContext, "lease" | "settings">,
  stepRun: StepRun,
  directory: string,
): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  let room = MAX_BYTES;
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isFile()) await maskFile(join(directory, entry.name), settings.secrets);
    const size = entry.isFile() ? (await stat(join(directory, entry.name))).size : 0;
    const tooMuch = size > room ? `the stage's files come to more than ${MAX_BYTES} bytes` : undefined;
    const problem = problemOf(entry) ?? tooMuch ?? (await store(lease, stepRun.ref, directory, entry.name));
    if (problem === undefined) room -= size;
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
async function store(lease: Lease, stepRun: StepRun["ref"], directory: string, name: string) {
  const contentType = CONTENT_TYPES[extname(name).toLowerCase()] ?? "application/octet-stream";
  try {
    await upload(lease, { path: join(directory, name), header: { stepRun, name, contentType } });
    return undefined;
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.InvalidArgument) return error.rawMessage;
    throw error;
  }
}
