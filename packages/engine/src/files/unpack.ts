import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { extract, type Extract, type Header } from "tar-stream";
import { FilesError, quoted } from "./files-error.ts";
import { Folder } from "./folder.ts";
import type { ArchiveLimits } from "./limits.ts";
import { segmentsOf, staysInside } from "./paths.ts";

/** A folder that part of an archive goes to. */
interface UnpackRoot {
  /** The folder of the archive. Empty: all of it. */
  prefix: string;
  /** Must exist, by a path that no step can change; what is in it stays, but for files of the same name. */
  folder: string;
  /** The folder in it that the files go to, made when it is missing. Default: itself. */
  into?: string;
}

/** What to unpack, and where to. */
export interface UnpackOptions {
  archive: string;
  roots: readonly UnpackRoot[];
  limits: ArchiveLimits;
  signal: AbortSignal;
}

/** An entry of the archive, and its content. */
type Source = { header: Header } & AsyncIterable<Uint8Array>;

/** Room for the headers of an entry, in bytes. */
const HEADER_BYTES = 4096;

/**
 * Unpacks a .tar.zst file. The archive is not trusted: an entry that is absolute, leads upwards, goes through a link or
 * to a root that is not named, or is neither file, folder nor a link that stays inside, ends it with a FilesError, as do
 * the limits and a broken archive. Permissions are kept, but for set-user-id and the like; owners are not.
 */
export async function unpackArchive({ archive, roots, limits, signal }: UnpackOptions): Promise<void> {
  const entries = extract();
  const maxBytes = limits.maxBytes + limits.maxEntries * HEADER_BYTES;
  const bounded = (parts: AsyncIterable<Uint8Array>) => atMost(parts, maxBytes);
  const read = pipeline(createReadStream(archive), createZstdDecompress(), bounded, entries, { signal });
  const written = new Unpacker(roots, limits, signal).unpack(entries);
  const failed = (await Promise.allSettled([written, read])).find(({ status }) => status === "rejected");
  if (failed?.status !== "rejected") return;
  signal.throwIfAborted();
  throw failed.reason instanceof FilesError ? failed.reason : asFilesError(failed.reason);
}

function asFilesError(cause: unknown): unknown {
  // A system call that failed names itself; all else is the reader's complaint about the archive.
  if (cause instanceof Error && !("syscall" in cause)) {
    return new FilesError(`the archive is broken: ${cause.message}`, { cause });
  }
  return cause;
}

class Unpacker {
  readonly #roots: readonly UnpackRoot[];
  readonly #limits: ArchiveLimits;
  readonly #signal: AbortSignal;
  #entries = 0;
  #bytes = 0;
  /** The folder of the entry before: entries of a folder follow each other. */
  #last: { key: string; folder: Folder } | undefined;

  constructor(roots: readonly UnpackRoot[], limits: ArchiveLimits, signal: AbortSignal) {
    this.#roots = roots;
    this.#limits = limits;
    this.#signal = signal;
  }

  async unpack(entries: Extract): Promise<void> {
    try {
      for await (const entry of entries) {
        this.#signal.throwIfAborted();
        await this.#entry(entry as Source);
        entry.resume();
      }
    } catch (error) {
      entries.destroy(error instanceof Error ? error : null);
      throw error;
    } finally {
      await this.#last?.folder[Symbol.asyncDispose]();
    }
  }

  async #entry(entry: Source): Promise<void> {
    const { header } = entry;
    this.#check(header);
    const { root, segments } = this.#placeOf(header.name);
    const name = segments.pop();
    if (name === undefined) return;
    const folder = await this.#open(root, segments, header.name);
    switch (header.type) {
      case "directory":
        return makeDirectory(folder, name, header);
      case "symlink":
        return makeLink(folder, name, [...segments, name].join("/"), header);
      case "file":
        return writeFile(folder, name, header, entry);
      default:
        throw refused(header.name, `it is of the type ${header.type}, not a file, folder or link`);
    }
  }

  #check({ size }: Header): void {
    this.#entries += 1;
    this.#bytes += size;
    const { maxEntries, maxBytes } = this.#limits;
    if (this.#entries > maxEntries) throw new FilesError(`the archive is refused: it has over ${maxEntries} entries`);
    if (this.#bytes > maxBytes) throw new FilesError(`the archive is refused: its files are over ${maxBytes} bytes`);
  }

  #placeOf(path: string): { root: UnpackRoot; segments: string[] } {
    const segments = segmentsOf(path, "the archive is refused: its entry");
    const root = this.#roots.find(({ prefix }) => prefix === "" || prefix === segments[0]);
    if (!root) throw refused(path, "it is for a folder that is not among those to unpack");
    return { root, segments: root.prefix === "" ? segments : segments.slice(1) };
  }

  async #open(root: UnpackRoot, segments: readonly string[], path: string): Promise<Folder> {
    const way = [...segmentsOf(root.into ?? ".", "the folder to unpack to"), ...segments];
    const key = [root.folder, ...way].join("/");
    if (this.#last?.key === key) return this.#last.folder;
    await this.#last?.folder[Symbol.asyncDispose]();
    this.#last = undefined;
    const folder = await openBelow(root.folder, way).catch((error: unknown) => {
      throw error instanceof FilesError ? refused(path, `on its way ${error.message}`) : error;
    });
    this.#last = { key, folder };
    return folder;
  }
}

async function openBelow(root: string, segments: readonly string[]): Promise<Folder> {
  let folder = await Folder.open(root);
  for (const name of segments) {
    await using parent = folder;
    folder = await parent.makeFolder(name);
  }
  return folder;
}

async function makeDirectory(parent: Folder, name: string, { mode }: Header): Promise<void> {
  await using folder = await parent.makeFolder(name);
  // What it holds is still to come, and one day it must be deleted.
  await folder.chmod((mode & 0o777) | 0o700);
}

async function makeLink(parent: Folder, name: string, path: string, { linkname }: Header): Promise<void> {
  const target = linkname ?? "";
  if (!staysInside(path, target))
    throw refused(path, `it is a link that leads out of its folder, to ${quoted(target)}`);
  await parent.createLink(name, target);
}

async function writeFile(
  parent: Folder,
  name: string,
  { mode, mtime }: Header,
  content: AsyncIterable<Uint8Array>,
): Promise<void> {
  await using file = await parent.createFile(name);
  for await (const part of content) await file.writeFile(part);
  await file.chmod(mode & 0o777);
  if (mtime) await file.utimes(mtime, mtime);
}

function refused(path: string, why: string): FilesError {
  return new FilesError(`the archive is refused: its entry ${quoted(path)}: ${why}`);
}

async function* atMost(parts: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const part of parts) {
    bytes += part.length;
    if (bytes > maxBytes) throw new FilesError(`the archive is refused: it unpacks to over ${maxBytes} bytes`);
    yield part;
  }
}
