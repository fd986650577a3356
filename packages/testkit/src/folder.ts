import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd, type Owner } from "./at-end.ts";
import { killProcessesOf, processesOf } from "./processes-of.ts";

/** An empty folder, gone when its owner ends. A process that still has to do with it then is killed and fails the owner. */
export async function temporaryFolder(owner: Owner, name = "test"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `groundcrew-${name}-`));
  // Run by root, Postgres is another user, who must be able to pass through.
  await chmod(folder, 0o711);
  atEnd(owner, async () => {
    const left = await processesOf(folder);
    await killProcessesOf(folder);
    await rm(folder, { recursive: true, force: true });
    if (left.length === 0) return;
    throw new Error(`left running: ${left.map(({ pid, command }) => `${command} (process ${pid})`).join("; ")}`);
  });
  return folder;
}
