import { createHash } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Io } from "../io.ts";

// As long as a server keeps what nobody asks for, by default.
const KEPT_MS = 7 * 24 * 3_600_000;

/**
 * The folder where the caches of this source are kept from run to run, below `$XDG_CACHE_HOME/groundcrew/run` or
 * `~/.cache`: another folder's caches are another's. Removes what nobody has written for 7 days. It is made at the first
 * write.
 */
export async function openCaches({ io, source }: { io: Io; source: string }): Promise<string> {
  const base = join(io.env["XDG_CACHE_HOME"] || join(io.home, ".cache"), "groundcrew", "run");
  const folder = join(base, createHash("sha256").update(source).digest("hex").slice(0, 32));
  const oldest = Date.now() - KEPT_MS;
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats && stats.mtimeMs < oldest) await rm(path, { force: true });
  }
  return folder;
}
