import { createHash, randomUUID } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileStore } from "./file-store.ts";
import { failedBy } from "./files-error.ts";

const ARCHIVE = ".tar.zst";
const KEY = ".key";

/** Keeps artifacts and caches in a folder, which only this user's programs share. */
export class FolderStore implements FileStore {
  readonly #folder: string;
  readonly #workflow: string;
  readonly #caches: string;

  /**
   * `workflow` is the key of the workflow that uses the store; caches are kept in `caches`, which defaults to a part of
   * the folder. Folders are made at the first write.
   */
  constructor({ folder, workflow, caches }: { folder: string; workflow: string; caches?: string }) {
    this.#folder = folder;
    this.#workflow = workflow;
    this.#caches = caches ?? join(folder, "caches");
  }

  async putArtifact(artifact: string, archive: string): Promise<void> {
    await keep(archive, this.#artifact(this.#workflow, artifact));
  }

  async getArtifact(workflow: string, artifact: string, into: string): Promise<boolean> {
    return take(this.#artifact(workflow || this.#workflow, artifact), into);
  }

  async findCache(key: string, restoreKeys: readonly string[], into: string): Promise<string | undefined> {
    if (await take(this.#cache(key), into)) return key;
    for (const prefix of restoreKeys) {
      const newest = await this.#newest(prefix);
      if (newest !== undefined && (await take(this.#cache(newest), into))) return newest;
    }
    return undefined;
  }

  async putCache(key: string, archive: string): Promise<void> {
    const path = this.#cache(key);
    await keep(archive, path);
    await writeFile(`${path.slice(0, -ARCHIVE.length)}${KEY}`, key);
  }

  async #newest(prefix: string): Promise<string | undefined> {
    const folder = this.#caches;
    let newest: { key: string; atMs: number } | undefined;
    for (const name of await namesIn(folder)) {
      if (!name.endsWith(KEY)) continue;
      const key = await readFile(join(folder, name), "utf8");
      const atMs = (await stat(join(folder, name))).mtimeMs;
      if (key.startsWith(prefix) && (!newest || newest.atMs < atMs)) newest = { key, atMs };
    }
    return newest?.key;
  }

  #artifact(workflow: string, artifact: string): string {
    return join(this.#folder, "artifacts", digest(workflow), `${artifact}${ARCHIVE}`);
  }

  #cache(key: string): string {
    return join(this.#caches, `${digest(key)}${ARCHIVE}`);
  }
}

/** Any text as a file name. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A file appears whole or not at all. */
async function keep(archive: string, path: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  const partial = `${path}.${randomUUID()}`;
  await copyFile(archive, partial);
  await rename(partial, path);
}

async function take(path: string, into: string): Promise<boolean> {
  try {
    await copyFile(path, into);
    return true;
  } catch (error) {
    if (failedBy(error, "ENOENT")) return false;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (failedBy(error, "ENOENT")) return [];
    throw error;
  });
}
