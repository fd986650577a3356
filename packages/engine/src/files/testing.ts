import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { makeWorkspace, type Workspace } from "../workspace/workspace.ts";

/** A folder of this test's own, gone after it. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-files-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The folders of a workflow, gone after the test. */
export async function temporaryWorkspace(t: TestContext): Promise<Workspace> {
  const parent = await temporaryFolder(t);
  await mkdir(parent, { recursive: true });
  return makeWorkspace(parent, "1", "1");
}

/** Collects notes. */
export function notes(): { lines: string[]; note: (line: string) => void } {
  const lines: string[] = [];
  return { lines, note: (line) => void lines.push(line) };
}
