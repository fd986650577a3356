import { chmod, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

const FOLDER_MODE = 0o700;
/** The mode of every file. */
export const FILE_MODE = 0o600;

/** How long a partial file waits for the rest of it: as long as the evidence of an ended lease is taken. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** Where a store keeps what: `aa/bb/SHA256` for whole files, `incoming/NAME` for partial ones. */
export class BlobLayout {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The path of the whole file with this digest, in hexadecimal. */
  pathOf(digest: string): string {
    return join(this.#folder, digest.slice(0, 2), digest.slice(2, 4), digest);
  }

  /** The path of a partial file. The name must be free of slashes. */
  partialPathOf(name: string): string {
    return join(this.#folder, "incoming", name);
  }

  /** Makes the folders that are missing, closes them to other users, and removes partial files that nobody goes on with. */
  async prepare(): Promise<void> {
    const incoming = join(this.#folder, "incoming");
    await mkdir(incoming, { recursive: true, mode: FOLDER_MODE });
    await chmod(this.#folder, FOLDER_MODE);
    for (const name of await readdir(incoming)) {
      const path = join(incoming, name);
      if ((await stat(path)).mtimeMs < Date.now() - STALE_MS) await rm(path);
    }
  }

  /** Makes the folder of a whole file, durably. */
  async makeFolderOf(digest: string): Promise<void> {
    const folder = dirname(this.pathOf(digest));
    const made = await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    if (made === undefined) return;
    await syncFolder(this.#folder);
    await syncFolder(dirname(folder));
  }
}

/** Makes the entries of a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
