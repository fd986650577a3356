import { chmod, mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** How long a partial file waits for the rest of it: as long as the evidence of an ended lease is taken. */
const STALE_MS = 24 * 60 * 60 * 1000;

/** Makes the folder of partial files, closes it to other users, and removes those that nobody goes on with. */
export async function prepareIncoming(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if ((await stat(path)).mtimeMs < Date.now() - STALE_MS) await rm(path);
  }
}
