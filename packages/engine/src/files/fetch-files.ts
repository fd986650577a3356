import { FilesError, quoted } from "./files-error.ts";
import {
  cacheRoots,
  limitsOf,
  messageOf,
  withArchive,
  type FilesOfStep,
  type LookedForCache,
  type StepFilesOptions,
} from "./step-files.ts";
import { unpackArchive } from "./unpack.ts";

/** What was done before a step, for `keepFiles` after it. */
export interface FetchedFiles {
  caches: LookedForCache[];
}

/** What fetching needs. */
export interface FetchFilesOptions extends StepFilesOptions {
  /** The value of an expression, as text. */
  evaluate: (expression: string) => string;
}

/**
 * Before a step: fetches its artifacts and its caches. Throws FilesError when an artifact is not there or does not
 * unpack. A cache that cannot be had is only noted: a step must pass without it.
 */
export async function fetchFiles(options: FetchFilesOptions): Promise<FetchedFiles> {
  for (const download of options.step.downloads) await fetchArtifact(options, download);
  const caches: LookedForCache[] = [];
  for (const cache of options.step.caches) {
    const { key, restoreKeys, paths } = evaluated(options, cache);
    caches.push({ key, paths, found: await fetchCache(options, { key, restoreKeys, paths }) });
  }
  return { caches };
}

type Download = FilesOfStep["downloads"][number];
type Cache = FilesOfStep["caches"][number];

async function fetchArtifact(options: FetchFilesOptions, download: Download): Promise<void> {
  const { store, workspace, signal, note } = options;
  const { artifact, workflow, into } = download;
  const from = workflow === "" ? "this workflow" : `workflow ${quoted(workflow)}`;
  await withArchive(workspace, async (archive) => {
    if (!(await store.getArtifact(workflow, artifact, archive, signal))) {
      throw new FilesError(`there is no artifact ${quoted(artifact)} of ${from}; it must be kept before this step`);
    }
    const roots = [{ prefix: "", folder: workspace.directory, ...(into !== "" && { into }) }];
    await unpackArchive({ archive, roots, limits: limitsOf(options), signal });
  });
  await note(`fetched artifact ${quoted(artifact)} of ${from}`);
}

function evaluated({ evaluate }: FetchFilesOptions, { key, restoreKeys, paths }: Cache): Cache {
  return { key: checkedKey(evaluate(key)), restoreKeys: restoreKeys.map((each) => checkedKey(evaluate(each))), paths };
}

function checkedKey(key: string): string {
  if (/^[^\p{Cc}]{1,512}$/u.test(key)) return key;
  throw new FilesError(`the cache key ${quoted(key.slice(0, 600))} is not 1 to 512 printable characters`);
}

async function fetchCache(options: FetchFilesOptions, { key, restoreKeys, paths }: Cache): Promise<boolean> {
  const { store, workspace, signal, note } = options;
  try {
    return await withArchive(workspace, async (archive) => {
      const found = await store.findCache(key, restoreKeys, archive, signal);
      if (found === undefined) {
        await note(`no cache ${quoted(key)} yet`);
        return false;
      }
      await unpackArchive({ archive, roots: cacheRoots(workspace, paths), limits: limitsOf(options), signal });
      await note(found === key ? `fetched cache ${quoted(key)}` : `fetched cache ${quoted(found)} for ${quoted(key)}`);
      return found === key;
    });
  } catch (error) {
    signal.throwIfAborted();
    await note(`the cache ${quoted(key)} could not be fetched: ${messageOf(error)}`);
    return false;
  }
}
