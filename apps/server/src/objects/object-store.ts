/** Which bytes of an object to read. */
export interface ByteRange {
  /** The first byte. Default: 0. */
  offset?: number;
  /** How many bytes at most. Default: to the end. */
  length?: number;
}

/** Which objects may be removed. */
export interface RemoveOptions {
  /** Leaves one that was stored within so many milliseconds. Default: 0, removes it however new it is. */
  minAgeMs?: number;
}

/**
 * Where the server keeps what is too bulky for its database: a folder, or a bucket of an S3-compatible store. An object
 * appears under its key whole and durable, or not at all. Keys are {@link checkedKey}s. A store that is away rejects
 * with its own error: try again later.
 */
export interface ObjectStore {
  /** Stores an object of unknown length, in place of any other under its key. Returns its size in bytes. */
  put(key: string, parts: AsyncIterable<Uint8Array>): Promise<number>;
  /** Stores a file of this machine, which is gone from its path afterwards. The path is on the store's own disk. */
  adopt(key: string, path: string): Promise<void>;
  /** Reads an object in parts of at most 1 MiB. Throws {@link ObjectMissing}. */
  read(key: string, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** Removes an object. Idempotent. */
  remove(key: string, options?: RemoveOptions): Promise<void>;
}

/** No object is under this key. */
export class ObjectMissing extends Error {
  readonly key: string;

  constructor(key: string) {
    super(`there is no object ${key} in the object store`);
    this.name = "ObjectMissing";
    this.key = key;
  }
}

/** Names joined by slashes: none empty, none of them "." or "..", 500 characters at most. */
const KEY = /^(?!.{501})(?!(?:.*\/)?\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** A key that every store takes, and that stays inside of it. Throws for any other. */
export function checkedKey(key: string): string {
  if (KEY.test(key)) return key;
  throw new Error(
    `the object key ${JSON.stringify(key)} must be names of letters, digits, ".", "_", "-", joined by "/"`,
  );
}
