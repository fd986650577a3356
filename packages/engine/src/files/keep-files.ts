import type { FetchedFiles } from "./fetch-files.ts";
import { FilesError, quoted } from "./files-error.ts";
import { packArchive, type Packed } from "./pack.ts";
import {
  cacheRoots,
  limitsOf,
  messageOf,
  withArchive,
  type FilesOfStep,
  type LookedForCache,
  type StepFilesOptions,
} from "./step-files.ts";

/** What keeping needs. */
export interface KeepFilesOptions extends StepFilesOptions {
  /** What was done before the step. */
  fetched: FetchedFiles;
  /** Whether the step passed. */
  passed: boolean;
}

/**
 * After a step, whatever its end: keeps its artifacts by their `when` and, where it passed, the caches whose key was not
 * found before it. Throws FilesError when an artifact could not be kept, after trying the others; a cache that cannot
 * be kept is only noted. An artifact whose patterns name nothing is not kept, and noted.
 */
export async function keepFiles(options: KeepFilesOptions): Promise<void> {
  const { step, fetched, passed } = options;
  const failures: string[] = [];
  for (const artifact of step.artifacts.filter(({ when }) => isDue(when, passed))) {
    await keepArtifact(options, artifact).catch((error: unknown) => {
      options.signal.throwIfAborted();
      failures.push(`the artifact ${quoted(artifact.name)} could not be kept: ${messageOf(error)}`);
    });
  }
  const missed = passed ? fetched.caches.filter(({ found }) => !found) : [];
  for (const cache of missed) await keepCache(options, cache);
  if (failures.length > 0) throw new FilesError(failures.join("; "));
}

function isDue(when: string, passed: boolean): boolean {
  return when === "always" || when === (passed ? "success" : "failure");
}

type ArtifactOfStep = FilesOfStep["artifacts"][number];

async function keepArtifact(options: KeepFilesOptions, { name, paths }: ArtifactOfStep): Promise<void> {
  const { store, workspace, signal, note } = options;
  await withArchive(workspace, async (archive) => {
    const roots = [{ prefix: "", folder: workspace.directory, patterns: paths }];
    const packed = await packArchive({ roots, archive, limits: limitsOf(options), note, signal });
    if (packed.files === 0) {
      await note(`the artifact ${quoted(name)} is not kept: its paths name no file`);
      return;
    }
    await store.putArtifact(name, archive, signal);
    await note(`kept artifact ${quoted(name)}: ${sizeText(packed)}`);
  });
}

async function keepCache(options: KeepFilesOptions, { key, paths }: LookedForCache): Promise<void> {
  const { store, workspace, signal, note } = options;
  try {
    await withArchive(workspace, async (archive) => {
      const roots = cacheRoots(workspace, paths);
      const packed = await packArchive({ roots, archive, limits: limitsOf(options), note, signal });
      if (packed.files === 0) return;
      await store.putCache(key, archive, signal);
      await note(`kept cache ${quoted(key)}: ${sizeText(packed)}`);
    });
  } catch (error) {
    signal.throwIfAborted();
    await note(`the cache ${quoted(key)} could not be kept: ${messageOf(error)}`);
  }
}

function sizeText({ files, bytes }: Packed): string {
  return `${files} ${files === 1 ? "file" : "files"}, ${bytes} bytes`;
}
