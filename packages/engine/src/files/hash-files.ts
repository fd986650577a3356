import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, globSync, openSync, readFileSync } from "node:fs";
import { failedBy, FilesError, quoted } from "./files-error.ts";
import { segmentsOf } from "./paths.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

const MAX_FILES = 1_000;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * What `hashFiles(pattern, ...)` answers: SHA-256, in hexadecimal, of the names and contents of the files that the
 * patterns name; empty where they name none. Folders, and what is reached through a link, do not count. It does not
 * wait, as expressions do not: at most 1,000 files, 64 MiB together. Throws FilesError past that, and for a bad pattern.
 */
export function hashFiles(directory: string, patterns: readonly string[]): string {
  const paths = patterns.map((pattern) => segmentsOf(pattern, "the pattern").join("/"));
  const names = [...new Set(globSync(paths, { cwd: directory }))].toSorted();
  if (names.length > MAX_FILES) throw new FilesError(`hashFiles: ${names.length} files, over ${MAX_FILES}`);
  const hash = createHash("sha256");
  let bytes = 0;
  let files = 0;
  for (const name of names) {
    const content = read(directory, name, MAX_BYTES - bytes);
    if (!content) continue;
    files += 1;
    bytes += content.length;
    // Lengths, so that no name can stand for the end of another file.
    hash.update(`${Buffer.byteLength(name)} ${content.length} ${name}`).update(content);
  }
  return files === 0 ? "" : hash.digest("hex");
}

/** A regular file's content. Undefined: it is none, or behind a link. */
function read(directory: string, name: string, maxBytes: number): Buffer | undefined {
  const segments = name.split("/");
  const file = segments.pop() ?? "";
  return within(openSync(directory, O_RDONLY | O_DIRECTORY), segments, (folder) =>
    using(open(folder, file, O_NONBLOCK), (fd) => {
      const stats = fstatSync(fd);
      if (!stats.isFile()) return undefined;
      if (stats.size > maxBytes) throw new FilesError(`hashFiles: over ${MAX_BYTES} bytes, with ${quoted(name)}`);
      return readFileSync(fd);
    }),
  );
}

/** Goes down from an open folder, which it closes, link by no link. See `Folder`. */
function within<T>(folder: number | undefined, names: readonly string[], work: (folder: number) => T): T | undefined {
  const [next, ...rest] = names;
  return using(folder, (fd) => (next === undefined ? work(fd) : within(open(fd, next, O_DIRECTORY), rest, work)));
}

function open(folder: number, name: string, flags: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${folder}/${name}`, O_RDONLY | O_NOFOLLOW | flags);
  } catch (error) {
    if (failedBy(error, "ELOOP", "ENOTDIR", "ENOENT", "ENXIO")) return undefined;
    throw error;
  }
}

function using<T>(fd: number | undefined, work: (fd: number) => T): T | undefined {
  if (fd === undefined) return undefined;
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}
