import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

const INTERVAL_MS = 500;

/**
 * Watches how much memory a process and its children really hold, until `done` aborts. Answers the most, in bytes: a tool
 * may ask for more than it gets and say nothing.
 */
export async function mostResident(pid: number, done: AbortSignal): Promise<number> {
  let most = 0;
  while (!done.aborted) {
    most = Math.max(most, await residentBytes(pid));
    await delay(INTERVAL_MS, undefined, { signal: done }).catch(() => {});
  }
  return most;
}

async function residentBytes(pid: number): Promise<number> {
  const [status, children] = await Promise.all([ofProcess(pid, "status"), ofProcess(pid, `task/${pid}/children`)]);
  const kibibytes = ["RssAnon", "RssShmem"].map((field) => new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status));
  const own = kibibytes.reduce((sum, found) => sum + Number(found?.[1] ?? 0) * 1024, 0);
  const below = children
    .trim()
    .split(" ")
    .filter((each) => /^\d+$/.test(each));
  return (
    own + (await Promise.all(below.map((each) => residentBytes(Number(each))))).reduce((sum, each) => sum + each, 0)
  );
}

// The processes are real even where the machine is simulated. One that has ended holds nothing.
async function ofProcess(pid: number, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
}
