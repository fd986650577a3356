import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { ObjectMissing, type ObjectStore } from "../objects/object-store.ts";
import { BlobFault } from "./blob-fault.ts";
import { prepareIncoming } from "./incoming.ts";

const FILE_MODE = 0o600;

/** How long a stored file may be without a row, in milliseconds: longer than evidence of an ended lease is taken. */
const FRESH_MS = 48 * 60 * 60 * 1000;

/** A file to store. */
export interface Upload {
  /** Names the file while it is partial: the same for each call that goes on with it. Free of slashes. */
  key: string;
  /** The whole size in bytes. */
  size: number;
  /** SHA-256 of the whole content, 32 bytes. */
  sha256: Uint8Array;
  /** Where the data starts, in bytes: must be the size of the part that is stored already. */
  offset: number;
}

/** What was stored. */
interface StoredBlob {
  size: number;
  /** 32 bytes. */
  sha256: Uint8Array;
}

/**
 * Files by their SHA-256, in the object store. A file appears there whole, checked and durable, or not at all; equal
 * content is kept once. Faults that a caller can mend are a {@link BlobFault}.
 */
export interface BlobStore {
  /** Stores a file, or goes on with one that was cut off: what arrived before an error stays for the next call. */
  receive(upload: Upload, parts: AsyncIterable<Uint8Array>): Promise<void>;
  /** Stores a file of the server's own. */
  put(bytes: Uint8Array): Promise<StoredBlob>;
  /** Reads a stored file from an offset (default 0), in parts of at most 1 MiB. */
  read(sha256: Uint8Array, offset?: number): AsyncIterable<Uint8Array>;
  /**
   * Removes a file that no row names any more. One that was stored within the last two days stays: its row may be yet
   * to come.
   */
  remove(sha256: Uint8Array): Promise<void>;
}

/** Where files are kept, and where they wait until they are whole. */
interface BlobStoreOptions {
  objects: ObjectStore;
  /** A folder of this replica's own, on the disk of the object store where that is a folder. */
  incoming: string;
}

/** Opens the store. Makes the folder of partial files when it is missing, and removes those older than a day. */
export async function openBlobStore({ objects, incoming }: BlobStoreOptions): Promise<BlobStore> {
  await prepareIncoming(incoming);
  return new ObjectBlobStore(objects, incoming);
}

class ObjectBlobStore implements BlobStore {
  readonly #objects: ObjectStore;
  readonly #incoming: string;
  readonly #busy = new Set<string>();

  constructor(objects: ObjectStore, incoming: string) {
    this.#objects = objects;
    this.#incoming = incoming;
  }

  async receive(upload: Upload, parts: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.#busy.has(upload.key)) throw new BlobFault({ kind: "busy" });
    this.#busy.add(upload.key);
    try {
      const path = join(this.#incoming, upload.key);
      await append(path, upload, parts);
      await this.#complete(path, hexOf(upload.sha256));
    } finally {
      this.#busy.delete(upload.key);
    }
  }

  async put(bytes: Uint8Array): Promise<StoredBlob> {
    const sha256 = createHash("sha256").update(bytes).digest();
    const upload = { key: randomUUID(), size: bytes.length, sha256, offset: 0 };
    await this.receive(upload, once(bytes));
    return { size: bytes.length, sha256 };
  }

  async *read(sha256: Uint8Array, offset = 0): AsyncGenerator<Uint8Array> {
    const digest = hexOf(sha256);
    try {
      yield* this.#objects.read(keyOf(digest), { offset });
    } catch (error) {
      throw error instanceof ObjectMissing ? new BlobFault({ kind: "missing", sha256: digest }) : error;
    }
  }

  remove(sha256: Uint8Array): Promise<void> {
    return this.#objects.remove(keyOf(hexOf(sha256)), { minAgeMs: FRESH_MS });
  }

  /** Checks a partial file that has all its bytes, and moves it to its place. */
  async #complete(path: string, digest: string): Promise<void> {
    const found = await digestOf(path);
    if (found === digest) return this.#objects.adopt(keyOf(digest), path);
    await rm(path);
    throw new BlobFault({ kind: "mismatch", found });
  }
}

/** The key of the file with this digest, in hexadecimal. */
function keyOf(digest: string): string {
  return `${digest.slice(0, 2)}/${digest.slice(2, 4)}/${digest}`;
}

/** Appends to a partial file until it has its size. Everything written is durable when this returns. */
async function append(path: string, { size, offset }: Upload, parts: AsyncIterable<Uint8Array>): Promise<void> {
  const stored = await partialSize(path, size);
  if (offset !== stored) throw new BlobFault({ kind: "offset", offset: stored });
  const file = await open(path, "a", FILE_MODE);
  try {
    const end = await write(file, stored, size, parts);
    await file.sync();
    if (end < size) throw new BlobFault({ kind: "offset", offset: end });
  } catch (error) {
    if (error instanceof BlobFault && error.reason.kind === "too_long") await rm(path);
    throw error;
  } finally {
    await file.close();
  }
}

async function write(file: FileHandle, from: number, size: number, parts: AsyncIterable<Uint8Array>): Promise<number> {
  let end = from;
  for await (const part of parts) {
    end += part.length;
    if (end > size) throw new BlobFault({ kind: "too_long", size });
    await file.appendFile(part);
  }
  return end;
}

/** How much of a file is stored. A part longer than the file belongs to some other content, and is removed. */
async function partialSize(path: string, size: number): Promise<number> {
  try {
    const stored = (await stat(path)).size;
    if (stored <= size) return stored;
    await rm(path);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return 0;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path) as AsyncIterable<Uint8Array>) hash.update(part);
  return hash.digest("hex");
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Bytes in hexadecimal. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

function isNotFound(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
