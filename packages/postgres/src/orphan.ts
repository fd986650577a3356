import { readFile, readlink, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { PostgresError } from "./postgres-error.ts";
import { shutDown } from "./shut-down.ts";

/** How often to look whether a process that is not our child has gone; there is no event for it. */
const LOOK_EVERY_MS = 20;

/**
 * Stops a server that an earlier process of ours left running on this data directory when it was killed. Call it with
 * the lock held: nobody else can have a right to that server then.
 */
export async function stopOrphan(dataDir: string, signal?: AbortSignal): Promise<void> {
  const file = join(dataDir, "postmaster.pid");
  const content = await readFile(file, "utf8").catch(() => "");
  const pid = Number.parseInt(content, 10); // its first line
  if (!(pid > 0)) return;
  if (!(await runsOn(pid, dataDir))) return disown(file, content);
  await shutDown({ kill: (name) => killIfThere(pid, name), gone: whenGone(pid, dataDir, signal) });
  if (await runsOn(pid, dataDir)) {
    throw new PostgresError(
      "locked",
      `${dataDir} is in use by an earlier Postgres, process ${pid}, which does not stop`,
    );
  }
}

/**
 * The process id in the file may meanwhile be another program's, or a zombie's, for which Postgres would refuse to
 * start. It takes no notice of its parent's id; the rest of the file must stay, as it leads to a check that no child of
 * the dead server still writes (CreateLockFile in Postgres's miscinit.c).
 */
async function disown(file: string, content: string): Promise<void> {
  await writeFile(file, content.replace(/^\d+/, String(process.pid)));
}

/** Whether this process is a Postgres on this data directory: it works inside it. */
export async function runsOn(pid: number, dataDir: string): Promise<boolean> {
  if (process.platform !== "linux") {
    const { stdout } = await execa("ps", ["-o", "command=", "-p", String(pid)], { reject: false });
    return stdout.includes(dataDir);
  }
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined); // gone, a zombie, or not ours to see
  return cwd !== undefined && cwd === (await realpath(dataDir));
}

async function whenGone(pid: number, dataDir: string, signal: AbortSignal | undefined): Promise<void> {
  while (await runsOn(pid, dataDir)) await delay(LOOK_EVERY_MS, undefined, signal && { signal });
}

// It may end by itself, as a child of the killed process does, between the look and the signal.
function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
