import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkedKey, ObjectMissing, type ByteRange, type ObjectStore, type RemoveOptions } from "./object-store.ts";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** The largest part of an object that is read at once, in bytes. */
const PART_BYTES = 1024 * 1024;

/** Where files are written before they have their name. No key starts with it. */
const WORK = ".work";

/** How long a file that nobody finished stays, in milliseconds. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** Opens a store in a folder, which is made when it is missing and closed to other users. */
export async function openFolderStore(folder: string): Promise<ObjectStore> {
  await mkdir(join(folder, WORK), { recursive: true, mode: FOLDER_MODE });
  await chmod(folder, FOLDER_MODE);
  await removeStale(join(folder, WORK));
  return new FolderStore(folder);
}

class FolderStore implements ObjectStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(key: string, parts: AsyncIterable<Uint8Array>): Promise<number> {
    const path = this.#workPath();
    try {
      const size = await writeFile(path, parts);
      await this.adopt(key, path);
      return size;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  async adopt(key: string, path: string): Promise<void> {
    const target = this.#pathOf(key);
    await this.#makeFolder(dirname(target));
    await rename(path, target);
    await syncFolder(dirname(target));
  }

  async *read(key: string, { offset = 0, length = Infinity }: ByteRange = {}): AsyncGenerator<Uint8Array> {
    if (length <= 0) return;
    const range = { start: offset, end: offset + length - 1, highWaterMark: PART_BYTES };
    try {
      yield* createReadStream(this.#pathOf(key), range) as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw isNotFound(error) ? new ObjectMissing(key) : error;
    }
  }

  async remove(key: string, { minAgeMs = 0 }: RemoveOptions = {}): Promise<void> {
    const [path, aside] = [this.#pathOf(key), this.#workPath()];
    try {
      if (await isYounger(path, minAgeMs)) return;
      await rename(path, aside);
      // It may have been stored anew between the two.
      if (await isYounger(aside, minAgeMs)) await rename(aside, path);
      else await rm(aside);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #pathOf(key: string): string {
    return join(this.#folder, checkedKey(key));
  }

  #workPath(): string {
    return join(this.#folder, WORK, randomUUID());
  }

  /** Makes the folder of an object, durably: every folder on the way to it is an entry of another. */
  async #makeFolder(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    if (first === undefined) return;
    for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
  }
}

async function writeFile(path: string, parts: AsyncIterable<Uint8Array>): Promise<number> {
  const file = await open(path, "wx", FILE_MODE);
  try {
    let size = 0;
    for await (const part of parts) {
      await file.appendFile(part);
      size += part.length;
    }
    await file.sync();
    return size;
  } finally {
    await file.close();
  }
}

/** Makes the entries of a folder durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeStale(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!(await isYounger(path, STALE_MS))) await rm(path, { force: true });
  }
}

async function isYounger(path: string, ageMs: number): Promise<boolean> {
  return (await stat(path)).mtimeMs > Date.now() - ageMs;
}

function isNotFound(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
