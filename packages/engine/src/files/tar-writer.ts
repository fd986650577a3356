import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { pack, type Header, type Pack } from "tar-stream";

/** Fast, and within a few percent of what the slower levels make of sources and binaries. */
const LEVEL = 3;

/** One entry of an archive. */
export type TarEntry = Pick<Header, "name" | "mode" | "mtime"> &
  ({ type: "directory" } | { type: "symlink"; linkname: string } | { type: "file"; size: number });

/** Writes an archive: tar, compressed with zstd. Entries must be added one after another. */
export class TarWriter {
  readonly #pack: Pack = pack();
  readonly #written: Promise<void>;

  /** Starts the file, which must not exist yet. */
  constructor(path: string, signal: AbortSignal) {
    const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
    const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
    this.#written = pipeline(this.#pack, compress, file, { signal });
    // Told by end(), or by the entry that it breaks.
    this.#written.catch(() => {});
  }

  /** Adds an entry. `content` must have exactly the size that the entry says. */
  async add(entry: TarEntry, content?: AsyncIterable<Uint8Array>): Promise<void> {
    const added = Promise.withResolvers<void>();
    const sink = this.#pack.entry(entry, (error) => (error ? added.reject(error) : added.resolve()));
    sink.on("error", added.reject);
    added.promise.catch(() => {});
    if (content) {
      for await (const part of content) if (!sink.write(part)) await drained(sink);
      sink.end(null);
    }
    await added.promise;
  }

  /** Ends the archive; it is whole once this resolves. */
  async end(): Promise<void> {
    this.#pack.finalize();
    await this.#written;
  }

  /** Gives the archive up. What is on the disk of it is the caller's to delete. */
  async abandon(): Promise<void> {
    this.#pack.destroy(new Error("the archive was given up"));
    await this.#written.catch(() => {});
  }
}

function drained(sink: ReturnType<Pack["entry"]>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      sink.off("drain", done);
      sink.off("close", done);
      resolve();
    };
    sink.on("drain", done);
    sink.on("close", done);
  });
}
