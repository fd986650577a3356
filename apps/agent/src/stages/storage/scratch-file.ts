import { constants } from "node:fs";
import { type FileHandle, open, statfs, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";

/** What must stay free beside the file, so that nothing else on its file system fails meanwhile, in bytes. */
const RESERVE_BYTES = 2 ** 28;

/**
 * Makes a file of so many bytes and removes its name at once: nothing stays behind, however this ends, and no file that
 * exists is touched. A relative path is one in the folder for temporary files. Throws when it exists, or when there is
 * too little room.
 */
export async function openScratchFile({ file, size }: { file: string; size: number }): Promise<FileHandle> {
  const path = resolve(tmpdir(), file);
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize < size + RESERVE_BYTES) {
    throw new Error(`${path}: ${bavail * bsize} bytes are free, and ${size} and ${RESERVE_BYTES} more are needed`);
  }
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await unlink(path);
    await handle.truncate(size);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}
