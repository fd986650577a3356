import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";

/**
 * Writes a private file (mode 0600) so that a reader, or a crash of this process, sees the old content or the new,
 * never a part. With `durable`, a power cut as well, which costs milliseconds.
 */
export async function writeFileAtomically(path: string, content: string, { durable = false } = {}): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await using file = await open(temporary, "wx", 0o600);
    await file.writeFile(content);
    if (durable) await file.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
