import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { usage } from "../failure.ts";
import { readTextFile } from "../files.ts";

/** A file of a pipeline. */
interface PipelineSource {
  /** As the user may write it. */
  name: string;
  /** Absolute. */
  path: string;
  content: string;
}

/** The files of one pipeline, at least one. */
export type PipelineSources = [PipelineSource, ...PipelineSource[]];

/**
 * Reads the files of one pipeline: the one named; or of a folder its `.groundcrew.yaml`, else all of its folder
 * `.groundcrew`, else all that lie in itself, in the order of their names. Fails where there is none, naming what was
 * looked for.
 */
export async function readPipelineFiles(cwd: string, name: string): Promise<PipelineSources> {
  const names = (await isFolder(resolve(cwd, name))) ? await namesIn(cwd, name) : [name];
  const [first, ...rest] = await Promise.all(
    names.map(async (each) => {
      const path = resolve(cwd, each);
      return { name: each, path, content: await readTextFile(path, each) };
    }),
  );
  if (first) return [first, ...rest];
  throw usage(`${name} has no .groundcrew.yaml, no folder .groundcrew and no *.yaml`, "name a pipeline file");
}

async function namesIn(cwd: string, folder: string): Promise<string[]> {
  const entries = await readdir(resolve(cwd, folder));
  const single = entries.includes(".groundcrew.yaml");
  const several = entries.includes(".groundcrew");
  if (single && several) throw usage(`${folder} has both .groundcrew.yaml and .groundcrew/`, "keep one of them");
  if (single) return [join(folder, ".groundcrew.yaml")];
  if (several) return namesIn(cwd, join(folder, ".groundcrew"));
  return entries
    .filter((entry) => /^[^.].*\.ya?ml$/.test(entry))
    .toSorted()
    .map((entry) => join(folder, entry));
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}
