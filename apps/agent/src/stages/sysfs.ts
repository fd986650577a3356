import { readdir, readFile, readlink, realpath } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";

/** Names a folder that stands in for the machine: `sys/` and `proc/` in it are read instead. For tests and simulations. */
export const SYSTEM_ROOT_VARIABLE = "GROUNDCREW_SYSTEM_ROOT";

/** The folder that stands in for the machine, or "" for the machine itself. */
export function systemRoot(): string {
  return process.env[SYSTEM_ROOT_VARIABLE] ?? "";
}

/** Where a file of the kernel's is really read. */
export function systemPath(path: string): string {
  return `${systemRoot()}${path}`;
}

/** The trimmed content of a file of the kernel's, or undefined when it is not there, not readable or empty. */
export async function readText(path: string, root = systemRoot()): Promise<string | undefined> {
  try {
    const text = (await readFile(root + path, "utf8")).trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The whole number in such a file, from 0 on. Undefined for anything else, so that "not known" never becomes a number. */
export async function readCount(path: string, root = systemRoot()): Promise<number | undefined> {
  const text = await readText(path, root);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The names in a folder, sorted, or undefined when it is not there. */
export async function readNames(path: string, root = systemRoot()): Promise<string[] | undefined> {
  try {
    return (await readdir(root + path)).toSorted();
  } catch {
    return undefined;
  }
}

/** The last part of what a link points to, or undefined when there is none. */
export async function linkName(path: string, root = systemRoot()): Promise<string | undefined> {
  try {
    return basename(await readlink(root + path));
  } catch {
    return undefined;
  }
}

/** The path that a link leads to, within the root, or undefined when there is none. */
export async function realPath(path: string, root = systemRoot()): Promise<string | undefined> {
  try {
    const [whole, base] = await Promise.all([realpath(root + path), root === "" ? "" : realpath(root)]);
    return whole.startsWith(base) ? whole.slice(base.length) : undefined;
  } catch {
    return undefined;
  }
}
