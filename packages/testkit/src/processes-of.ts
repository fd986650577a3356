import { readdir, readFile, readlink } from "node:fs/promises";
import { eventually } from "./eventually.ts";

/** A process, for messages. */
export interface FoundProcess {
  pid: number;
  /** Its command line, cut to 200 characters. */
  command: string;
}

/**
 * The processes that have to do with a folder: they work in it, or its path is in their command line or environment.
 * Servers, agents and steps all have such a path of their own test. Empty where there is no /proc.
 */
export async function processesOf(folder: string): Promise<FoundProcess[]> {
  const names = await readdir("/proc").catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(pids.map((pid) => look(pid, folder)));
  return found.filter((one) => one !== undefined);
}

/** Kills them all, however many more they start meanwhile, and waits until they are gone. */
export async function killProcessesOf(folder: string): Promise<void> {
  await eventually(
    async () => {
      const found = await processesOf(folder);
      for (const { pid } of found) kill(pid);
      return found.length === 0 ? true : undefined;
    },
    { what: `no process of ${folder} is left` },
  );
}

// A process that ended while it was looked at, a zombie, or one of another user, reads as nothing.
async function look(pid: string, folder: string): Promise<FoundProcess | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
  const [command, environment, cwd] = await Promise.all([
    read("cmdline"),
    read("environ"),
    readlink(`/proc/${pid}/cwd`).catch(() => ""),
  ]);
  if (!`${command}\0${environment}\0${cwd}`.includes(folder)) return undefined;
  return { pid: Number(pid), command: command.replaceAll("\0", " ").trim().slice(0, 200) };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
