import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { S3mini, S3ServiceError, type UploadPart } from "s3mini";
import { checkedKey, ObjectMissing, type ByteRange, type ObjectStore, type RemoveOptions } from "./object-store.ts";

/** The size of the parts of an upload but the last, in bytes. S3 wants 5 MiB at least, and 10,000 parts at most. */
const UPLOAD_PART_BYTES = 8 * 1024 * 1024;

/** The largest part of an object that a reader is given, in bytes. */
const READ_PART_BYTES = 1024 * 1024;

/** A bucket, and who may use it. */
export interface S3Options {
  /** The address of the store with the bucket, such as "https://s3.eu-central-1.amazonaws.com/ci-logs". */
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Put before each key: empty, or names that end in a slash. Default: "". */
  prefix?: string;
}

/** A bucket of an S3-compatible store. Nothing is asked of it yet: a wrong address shows at the first use. */
export function openS3Store(options: S3Options): ObjectStore {
  return new S3Store(options);
}

class S3Store implements ObjectStore {
  readonly #client: S3mini;
  readonly #prefix: string;

  constructor({ prefix = "", ...bucket }: S3Options) {
    this.#client = new S3mini(bucket);
    this.#prefix = prefix;
  }

  async put(key: string, parts: AsyncIterable<Uint8Array>): Promise<number> {
    const name = this.#nameOf(key);
    const pieces = piecesOf(parts);
    const first = await pieces.next();
    if (first.done === true || first.value.length < UPLOAD_PART_BYTES) {
      const whole = first.done === true ? Buffer.alloc(0) : first.value;
      await this.#client.putObject(name, whole);
      return whole.length;
    }
    return this.#putInParts(name, first.value, pieces);
  }

  async adopt(key: string, path: string): Promise<void> {
    await this.put(key, createReadStream(path) as AsyncIterable<Uint8Array>);
    await rm(path);
  }

  async *read(key: string, { offset = 0, length }: ByteRange = {}): AsyncGenerator<Uint8Array> {
    if (length !== undefined && length <= 0) return;
    const body = await this.#open(key, offset, length);
    for await (const part of body) {
      for (let at = 0; at < part.length; at += READ_PART_BYTES) yield part.subarray(at, at + READ_PART_BYTES);
    }
  }

  async remove(key: string, { minAgeMs = 0 }: RemoveOptions = {}): Promise<void> {
    const name = this.#nameOf(key);
    if (minAgeMs > 0 && !(await this.#isOlder(name, minAgeMs))) return;
    await this.#client.deleteObject(name);
  }

  #nameOf(key: string): string {
    return `${this.#prefix}${checkedKey(key)}`;
  }

  /** Nothing is stored under the name before the last part is, and nothing is left of an upload that fails. */
  async #putInParts(name: string, first: Buffer, rest: AsyncIterable<Buffer>): Promise<number> {
    const upload = await this.#client.getMultipartUploadId(name);
    try {
      const parts: UploadPart[] = [await this.#client.uploadPart(name, upload, first, 1)];
      let size = first.length;
      for await (const piece of rest) {
        parts.push(await this.#client.uploadPart(name, upload, piece, parts.length + 1));
        size += piece.length;
      }
      await this.#client.completeMultipartUpload(name, upload, parts);
      return size;
    } catch (error) {
      await this.#client.abortMultipartUpload(name, upload).catch(() => undefined);
      throw error;
    }
  }

  async #open(key: string, offset: number, length: number | undefined): Promise<AsyncIterable<Uint8Array>> {
    const whole = offset === 0 && length === undefined;
    const end = length === undefined || length === Infinity ? undefined : offset + length;
    try {
      const { body } = await this.#client.getObjectRaw(this.#nameOf(key), whole, offset, end);
      return body ?? none();
    } catch (error) {
      if (isMissing(error)) throw new ObjectMissing(key);
      // A range that begins at the end, or after it.
      if (error instanceof S3ServiceError && error.status === 416) return none();
      throw error;
    }
  }

  /** By the clock of the store on both sides. One that is gone is not older. */
  async #isOlder(name: string, ageMs: number): Promise<boolean> {
    try {
      const { headers, body } = await this.#client.getObjectRaw(name);
      await body?.cancel();
      const [stored, now] = [headers.get("last-modified"), headers.get("date")];
      return stored !== null && Date.parse(stored) < (now === null ? Date.now() : Date.parse(now)) - ageMs;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
}

/** Data in pieces of the same size, all but the last. */
async function* piecesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let gathered: Uint8Array[] = [];
  let size = 0;
  for await (const part of parts) {
    gathered.push(part);
    size += part.length;
    if (size < UPLOAD_PART_BYTES) continue;
    const all = Buffer.concat(gathered);
    let at = 0;
    for (; all.length - at >= UPLOAD_PART_BYTES; at += UPLOAD_PART_BYTES)
      yield all.subarray(at, at + UPLOAD_PART_BYTES);
    gathered = [all.subarray(at)];
    size = all.length - at;
  }
  if (size > 0) yield Buffer.concat(gathered);
}

async function* none(): AsyncGenerator<Uint8Array> {
  // An object of no bytes.
}

/** A bucket that is not there is a wrong setting, not a missing object. */
function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceError && error.status === 404 && error.serviceCode !== "NoSuchBucket";
}
