import { glob } from "node:fs/promises";
import { segmentsOf } from "./paths.ts";

/** What of a folder is meant: all in it, or some of its names. */
export interface Selection {
  whole: boolean;
  names: Map<string, Selection>;
}

/** Which files to look for. */
export interface SelectOptions {
  /** Where the patterns start. */
  folder: string;
  /** Relative paths, with `*`, `**`, `?`, `[a-z]` and `{a,b}`; a folder stands for all in it. */
  patterns: readonly string[];
  /** Told of each pattern that names nothing. */
  onNothing: (pattern: string) => void;
  signal: AbortSignal;
}

/** Finds what patterns name. The folder is only looked at: whoever opens what was found must follow no link. */
export async function select({ folder, patterns, onNothing, signal }: SelectOptions): Promise<Selection> {
  const selection: Selection = { whole: false, names: new Map() };
  for (const pattern of patterns) {
    const path = segmentsOf(pattern, "the pattern").join("/");
    let found = 0;
    for await (const match of matches(path, folder)) {
      signal.throwIfAborted();
      add(selection, match);
      found += 1;
    }
    if (found === 0) onNothing(pattern);
  }
  return selection;
}

/** Paths that were selected by themselves, not as part of a folder. */
export function* pathsOf({ whole, names }: Selection, parent = ""): Generator<string> {
  if (whole && parent !== "") yield parent;
  for (const [name, below] of names) yield* pathsOf(below, parent === "" ? name : `${parent}/${name}`);
}

async function* matches(path: string, folder: string): AsyncGenerator<string> {
  if (path === "") yield "";
  else yield* glob(path, { cwd: folder });
}

function add(root: Selection, path: string): void {
  let at = root;
  for (const name of path.split("/").filter((segment) => segment !== "" && segment !== ".")) {
    const next = at.names.get(name) ?? { whole: false, names: new Map<string, Selection>() };
    at.names.set(name, next);
    at = next;
  }
  at.whole = true;
}
