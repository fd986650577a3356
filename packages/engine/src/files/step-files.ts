import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Workspace } from "../workspace/workspace.ts";
import type { FileStore } from "./file-store.ts";
import { DEFAULT_LIMITS, type ArchiveLimits } from "./limits.ts";
import type { Note } from "./refusals.ts";

/** What a step says of files; the plan's own step fits. */
export interface FilesOfStep {
  /** What is kept of its files; `when` is success, failure or always. */
  artifacts: readonly { name: string; paths: readonly string[]; when: string }[];
  /** What it is given: an artifact of a workflow, empty for its own, and the folder of the workspace that it goes to. */
  downloads: readonly { artifact: string; workflow: string; into: string }[];
  /** What is kept from run to run; the keys are expressions. */
  caches: readonly { key: string; restoreKeys: readonly string[]; paths: readonly string[] }[];
}

/** What fetching and keeping a step's files needs. */
export interface StepFilesOptions {
  step: FilesOfStep;
  workspace: Workspace;
  store: FileStore;
  /** A line for the step's log. */
  note: Note;
  signal: AbortSignal;
  /** Of each archive. Default: {@link DEFAULT_LIMITS}. */
  limits?: ArchiveLimits;
}

/** A cache as it was looked for, its key evaluated. */
export interface LookedForCache {
  key: string;
  paths: readonly string[];
  found: boolean;
}

/** The limits asked for. */
export function limitsOf({ limits = DEFAULT_LIMITS }: StepFilesOptions): ArchiveLimits {
  return limits;
}

/** Where caches lie in the workflow's folders: `~/` is the steps' HOME, all else the workspace. */
export function cacheRoots({ directory, home }: Workspace, paths: readonly string[]) {
  const atHome = paths.filter((path) => path === "~" || path.startsWith("~/"));
  const others = paths.filter((path) => !atHome.includes(path));
  return [
    { prefix: "workspace", folder: directory, patterns: others },
    { prefix: "home", folder: home, patterns: atHome.map((path) => path.slice(2) || ".") },
  ].filter(({ patterns }) => patterns.length > 0);
}

/** Calls `work` with the path of an archive, out of the steps' reach, which is deleted after. */
export async function withArchive<T>({ root }: Workspace, work: (archive: string) => Promise<T>): Promise<T> {
  const archive = join(root, `archive-${randomUUID()}.tar.zst`);
  try {
    return await work(archive);
  } finally {
    await rm(archive, { force: true });
  }
}

/** What went wrong, for a log. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
