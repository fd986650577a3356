import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { FilesError, quoted } from "./files-error.ts";
import { Folder } from "./folder.ts";
import type { ArchiveLimits } from "./limits.ts";
import { staysInside } from "./paths.ts";
import { Refusals, type Note } from "./refusals.ts";
import { select, type Selection } from "./selection.ts";
import { TarWriter } from "./tar-writer.ts";

/** A folder whose files go into an archive. */
interface PackRoot {
  /** The folder of the archive that they go to. Empty: its top. */
  prefix: string;
  folder: string;
  patterns: readonly string[];
}

/** What to pack, and where to. */
export interface PackOptions {
  roots: readonly PackRoot[];
  /** The archive, a .tar.zst file that must not exist yet. */
  archive: string;
  limits: ArchiveLimits;
  /** Told of what is left out, and why. */
  note: Note;
  signal: AbortSignal;
}

/** What an archive holds. */
export interface Packed {
  /** Files and links. */
  files: number;
  /** Bytes of all files, before compression. */
  bytes: number;
}

/**
 * Packs what the patterns name, in the order of the names, with permissions and times but without owners. Links stay
 * links; one that leads out of its folder is left out and noted, as are sockets, devices and pipes. Throws FilesError
 * for a bad pattern, for a file that changes under the packing, and past the limits.
 */
export async function packArchive(options: PackOptions): Promise<Packed> {
  const { roots, archive, note, signal } = options;
  const refusals = new Refusals(note);
  const packer = new Packer(new TarWriter(archive, signal), options, refusals);
  try {
    for (const { prefix, folder, patterns } of roots) {
      const nothing: string[] = [];
      const selection = await select({ folder, patterns, onNothing: (pattern) => nothing.push(pattern), signal });
      for (const pattern of nothing) await note(`nothing is named by ${quoted(pattern)}`);
      await using root = await Folder.open(folder);
      await packer.folder(root, selection, { archived: prefix, shown: "" });
    }
    await refusals.end();
    return await packer.end();
  } catch (error) {
    await packer.abandon();
    signal.throwIfAborted();
    throw error;
  }
}

/** Where something is in the archive, and in the folder that it comes from. */
interface Place {
  archived: string;
  shown: string;
}

class Packer {
  readonly #writer: TarWriter;
  readonly #limits: ArchiveLimits;
  readonly #signal: AbortSignal;
  readonly #refusals: Refusals;
  readonly #packed: Packed = { files: 0, bytes: 0 };
  #entries = 0;

  constructor(writer: TarWriter, { limits, signal }: PackOptions, refusals: Refusals) {
    this.#writer = writer;
    this.#limits = limits;
    this.#signal = signal;
    this.#refusals = refusals;
  }

  /** Packs what is selected in a folder, but not the folder itself. */
  async folder(folder: Folder, { whole, names }: Selection, { archived, shown }: Place): Promise<void> {
    const everything = whole ? await folder.names() : [...names.keys()];
    for (const name of everything.toSorted(byBytes)) {
      this.#signal.throwIfAborted();
      const selection = names.get(name);
      const below = whole || selection === undefined ? WHOLE : selection;
      await this.#entry(folder, name, below, { archived: join(archived, name), shown: join(shown, name) });
    }
  }

  async end(): Promise<Packed> {
    await this.#writer.end();
    return this.#packed;
  }

  abandon(): Promise<void> {
    return this.#writer.abandon();
  }

  async #entry(folder: Folder, name: string, selection: Selection, place: Place): Promise<void> {
    const stats = await folder.stat(name);
    if (!stats) return;
    if (stats.isDirectory()) return this.#directory(folder, name, selection, place, stats);
    if (!selection.whole) return this.#refuse(place, "what leads to it is a link, or not a folder");
    if (stats.isSymbolicLink()) return this.#link(folder, name, place, stats);
    if (stats.isFile()) return this.#file(folder, name, place);
    await this.#refuse(place, "it is neither a file, a folder nor a link");
  }

  async #directory(parent: Folder, name: string, selection: Selection, place: Place, stats: Stats): Promise<void> {
    await using folder = await parent.folder(name);
    this.#count();
    await this.#writer.add({ type: "directory", name: place.archived, ...modeOf(stats) });
    await this.folder(folder, selection, place);
  }

  async #link(folder: Folder, name: string, place: Place, stats: Stats): Promise<void> {
    const linkname = await folder.readLink(name);
    if (!staysInside(place.shown, linkname)) {
      await this.#refuse(place, `it is a link that leads out of its folder, to ${quoted(linkname)}`);
      return;
    }
    this.#count();
    this.#packed.files += 1;
    await this.#writer.add({ type: "symlink", name: place.archived, linkname, ...modeOf(stats) });
  }

  async #file(folder: Folder, name: string, place: Place): Promise<void> {
    await using file = await folder.openFile(name);
    const stats = await file.stat();
    this.#count();
    this.#packed.files += 1;
    this.#packed.bytes += stats.size;
    if (this.#packed.bytes > this.#limits.maxBytes) {
      throw new FilesError(`the files are more than ${this.#limits.maxBytes} bytes; name fewer, or raise the limit`);
    }
    const entry = { type: "file" as const, name: place.archived, size: stats.size, ...modeOf(stats) };
    await this.#writer.add(entry, contentOf(file, stats.size, place.shown));
  }

  #count(): void {
    this.#entries += 1;
    if (this.#entries <= this.#limits.maxEntries) return;
    throw new FilesError(`there are more than ${this.#limits.maxEntries} files and folders; name fewer`);
  }

  async #refuse({ shown }: Place, why: string): Promise<void> {
    await this.#refusals.add(`${quoted(shown)} is left out: ${why}`);
  }
}

const WHOLE: Selection = { whole: true, names: new Map() };

/** Exactly `size` bytes: what is appended meanwhile is not read. */
async function* contentOf(file: FileHandle, size: number, shown: string): AsyncGenerator<Uint8Array> {
  let left = size;
  if (size > 0) {
    for await (const part of file.createReadStream({ end: size - 1, autoClose: false })) {
      left -= (part as Uint8Array).length;
      yield part as Uint8Array;
    }
  }
  if (left > 0) throw new FilesError(`${quoted(shown)} became shorter while it was read; keep it when it is complete`);
}

// Neither who owns it nor set-user-id bits: nobody else's rights travel.
function modeOf({ mode, mtime }: Stats): { mode: number; mtime: Date } {
  return { mode: mode & 0o777, mtime };
}

function join(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
