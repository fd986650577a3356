import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identifyProcess, isRunning, type ProcessIdentity } from "@groundcrew/engine";
import { ExitCode, FatalError } from "../exit.ts";

/** Keeps other agent processes out of a folder. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** Takes a folder for this process. Throws a FatalError while another living process has it. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, "agent.lock");
  const mine = JSON.stringify(identifyProcess(process.pid) ?? { pid: process.pid, startTicks: "" });
  for (;;) {
    if (await createLock(path, mine)) return { release: () => rm(path, { force: true }) };
    const found = await readFile(path, "utf8").catch(() => undefined);
    if (found === undefined) continue;
    const holder = parseHolder(found);
    if (holder && isRunning(holder)) throw taken(directory, holder);
    await removeStale(path, found);
  }
}

// A link appears with its content and fails when the name exists, so nobody ever reads half a lock.
async function createLock(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, content, { mode: 0o600 });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

// Another process may have replaced the dead one's lock since it was read; then its lock is put back.
async function removeStale(path: string, expected: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch(() => {});
  const content = await readFile(aside, "utf8").catch(() => expected);
  if (content !== expected) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

function parseHolder(text: string): ProcessIdentity | undefined {
  try {
    const { pid, startTicks } = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof pid === "number" && typeof startTicks === "string" ? { pid, startTicks } : undefined;
  } catch {
    return undefined;
  }
}

function taken(directory: string, { pid }: ProcessIdentity): FatalError {
  const next = "stop it, or give this one its own --state-dir";
  const message = `another agent (process ${pid}) runs on the state directory ${directory}; ${next}`;
  return new FatalError(ExitCode.BAD_SETTINGS, message);
}
