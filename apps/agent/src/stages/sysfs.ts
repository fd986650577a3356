import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";

/** The trimmed content of a file of the kernel's, or undefined when it is not there, not readable or empty. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    const text = (await readFile(path, "utf8")).trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The whole number in such a file, from 0 on. Undefined for anything else, so that "not known" never becomes a number. */
export async function readCount(path: string): Promise<number | undefined> {
  const text = await readText(path);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The names in a folder, sorted, or undefined when it is not there. */
export async function readNames(path: string): Promise<string[] | undefined> {
  try {
    return (await readdir(path)).toSorted();
  } catch {
    return undefined;
  }
}

/** The last part of what a link points to, or undefined when there is none. */
export async function linkName(path: string): Promise<string | undefined> {
  try {
    return basename(await readlink(path));
  } catch {
    return undefined;
  }
}
