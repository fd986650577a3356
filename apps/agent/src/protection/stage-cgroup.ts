import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where systemd mounts control groups, version 2. */
const MOUNT = "/sys/fs/cgroup";
const PREFIX = "groundcrew-stage-";

/** A control group that holds one stage's processes to a limit of memory. */
export interface StageCgroup {
  /** A process that writes its id here is in it, and so is all that it starts. */
  procs: string;
  /** Removes it. What is still in it is killed first. */
  remove(): Promise<void>;
}

/** Makes a control group, or answers undefined where that cannot be: no version 2, no memory controller, no right to. */
export async function makeStageCgroup(name: string, maxBytes: number, mount = MOUNT): Promise<StageCgroup | undefined> {
  const folder = join(mount, PREFIX + name);
  try {
    const delegated = await readFile(join(mount, "cgroup.subtree_control"), "utf8");
    if (!delegated.split(/\s+/).includes("memory")) return undefined;
    await sweep(mount);
    await mkdir(folder);
  } catch {
    return undefined;
  }
  const remove = async () => {
    await writeFile(join(folder, "cgroup.kill"), "1").catch(() => {});
    await rmdir(folder).catch(() => {});
  };
  try {
    await writeFile(join(folder, "memory.max"), String(maxBytes));
    // Without a limit of its own, what does not fit would go to swap and take the machine along.
    await writeFile(join(folder, "memory.swap.max"), "0").catch(() => {});
    return { procs: join(folder, "cgroup.procs"), remove };
  } catch {
    await remove();
    return undefined;
  }
}

/** Removes what agents that were killed have left. A group with a process in it stays. */
async function sweep(mount: string): Promise<void> {
  const left = (await readdir(mount)).filter((name) => name.startsWith(PREFIX));
  await Promise.allSettled(left.map((name) => rmdir(join(mount, name))));
}
