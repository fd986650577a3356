import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { temporaryFolder } from "./test-agent.ts";

/**
 * Tells when the last process of a tree is gone, whatever became of its parents: `hold` is a shell command after which
 * a process and all that it starts keep a pipe open, and `gone` resolves when nobody does any more. The pipe is in
 * `folder`.
 */
export async function lifeline(t: TestContext): Promise<{ hold: string; gone: Promise<unknown>; folder: string }> {
  const folder = await temporaryFolder(t);
  const path = join(folder, "lifeline");
  execFileSync("mkfifo", [path]);
  return { hold: `exec 9>${path}`, gone: readFile(path), folder };
}
