import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** When to measure no further. */
export interface MeasureOptions {
  /** More than this is enough to know, in bytes. */
  stopAtBytes: number;
  signal: AbortSignal;
}

// stat counts in blocks of this size, whatever the file system's own (man 2 stat).
const BLOCK_BYTES = 512;

/** The disk that a folder and all in it take, in bytes. Links are not followed; what is gone meanwhile counts nothing. */
export async function measureTree(root: string, { stopAtBytes, signal }: MeasureOptions): Promise<number> {
  let bytes = 0;
  for (const folders = [root]; folders.length > 0 && bytes <= stopAtBytes && !signal.aborted;) {
    const folder = folders.pop() ?? root;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const paths = entries.map(({ name }) => join(folder, name));
    const sizes = await Promise.all(paths.map(diskBytesOf));
    bytes += sizes.reduce((sum, size) => sum + size, 0);
    folders.push(...paths.filter((_, index) => entries[index]?.isDirectory()));
  }
  return bytes;
}

async function diskBytesOf(path: string): Promise<number> {
  const stats = await lstat(path).catch(() => undefined);
  return (stats?.blocks ?? 0) * BLOCK_BYTES;
}
