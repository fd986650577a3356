import type { FileHandle } from "node:fs/promises";
import { quoted } from "../files/files-error.ts";
import { Folder } from "../files/folder.ts";
import type { Note } from "../files/refusals.ts";
import { pathsOf, select } from "../files/selection.ts";
import { messageOf } from "../files/step-files.ts";
import { parseJunit } from "./junit.ts";
import { TestResultsBuilder, type TestResults } from "./test-results.ts";

const MAX_FILES = 2_000;
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Which files to read. */
export interface ReadTestResultsOptions {
  /** Paths and patterns of JUnit files, relative to the folder. */
  patterns: readonly string[];
  directory: string;
  /** Told of each pattern that names nothing and each file that cannot be read. */
  note: Note;
  signal: AbortSignal;
}

/**
 * Reads the JUnit files of a step, in the order of their paths: at most 2,000, of 64 MiB each. Undefined where there are
 * no patterns. A file that is no JUnit file is noted and does not count.
 */
export async function readTestResults(options: ReadTestResultsOptions): Promise<TestResults | undefined> {
  const { patterns, directory, note, signal } = options;
  if (patterns.length === 0) return undefined;
  const results = new TestResultsBuilder();
  try {
    const nothing: string[] = [];
    const onNothing = (pattern: string) => nothing.push(pattern);
    const selection = await select({ folder: directory, patterns, onNothing, signal });
    for (const pattern of nothing) await note(`no JUnit file is named by ${quoted(pattern)}`);
    const paths = [...pathsOf(selection)].toSorted();
    if (paths.length > MAX_FILES) await note(`there are ${paths.length} JUnit files; the first ${MAX_FILES} are read`);
    for (const path of paths.slice(0, MAX_FILES)) await readFile(path, options, results);
  } catch (error) {
    signal.throwIfAborted();
    await note(`the JUnit files could not be read: ${messageOf(error)}`);
  }
  return results.build();
}

async function readFile(path: string, options: ReadTestResultsOptions, into: TestResultsBuilder): Promise<void> {
  const { directory, note, signal } = options;
  signal.throwIfAborted();
  try {
    await using file = await openBelow(directory, path.split("/"));
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, over ${MAX_FILE_BYTES}`);
    const text = file.createReadStream({ encoding: "utf8", autoClose: false, end: MAX_FILE_BYTES });
    into.addAll(await parseJunit(text as AsyncIterable<string>));
  } catch (error) {
    signal.throwIfAborted();
    await note(`${quoted(path)} is not read as a JUnit file: ${messageOf(error)}`);
  }
}

async function openBelow(directory: string, names: readonly string[]): Promise<FileHandle> {
  let folder = await Folder.open(directory);
  for (const name of names.slice(0, -1)) {
    await using parent = folder;
    folder = await parent.folder(name);
  }
  await using last = folder;
  return await last.openFile(names.at(-1) ?? ".");
}
