import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DEFAULT_LIMITS, FilesError, unpackArchive } from "@groundcrew/engine";
import type { ArtifactInfo, GetArtifactResponse } from "@groundcrew/proto";
import { ExitCode } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import { writeWhole } from "./save.ts";

/** Fetches an artifact into a file, which appears whole and checked or not at all. */
export async function saveArchive(parts: AsyncIterable<GetArtifactResponse>, path: string): Promise<ArtifactInfo> {
  const messages = parts[Symbol.asyncIterator]();
  const first = await messages.next();
  if (first.done || first.value.part.case !== "info") throw notTheArtifact();
  const artifact = first.value.part.value;
  await writeWhole(path, checkedData({ [Symbol.asyncIterator]: () => messages }, artifact));
  return artifact;
}

/** Fetches an artifact and unpacks it. `folderOf` says where to; it is made where it is missing. */
export async function unpackArtifact(
  parts: AsyncIterable<GetArtifactResponse>,
  folderOf: (artifact: ArtifactInfo) => string,
  signal: AbortSignal,
): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), "crew-artifact-"));
  try {
    const archive = join(scratch, "archive");
    const folder = resolve(folderOf(await saveArchive(parts, archive)));
    await mkdir(folder, { recursive: true });
    await unpackArchive({ archive, roots: [{ prefix: "", folder }], limits: DEFAULT_LIMITS, signal });
    return folder;
  } catch (error) {
    throw error instanceof FilesError
      ? new Failure(error.message, { exitCode: ExitCode.failure, cause: error })
      : error;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What of an answer is the archive. Ends in an error where it is not the artifact's. */
async function* checkedData(
  parts: AsyncIterable<GetArtifactResponse>,
  { sha256 }: ArtifactInfo,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const { part } of parts) {
    if (part.case !== "data") continue;
    hash.update(part.value);
    yield part.value;
  }
  if (!hash.digest().equals(sha256)) throw notTheArtifact();
}

function notTheArtifact(): Failure {
  const what = "what came is not the artifact that the server named";
  return new Failure(what, { exitCode: ExitCode.failure, next: "try again" });
}
