import { Socket } from "node:net";

// What a pipe of the kernel holds.
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a pipe at the pace of whoever asks, into the same memory again and again: a stream of Node's takes new memory
 * for each chunk, and the collector of it would cost a fast step more than all else that is done to its output.
 */
export class PipeReader {
  readonly #socket: Socket;
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #chunk: Uint8Array | undefined;
  #isOver = false;
  #wake: () => void = () => {};

  /** Takes over the descriptor. */
  constructor(fd: number) {
    const onread = { buffer: this.#buffer, callback: (length: number) => this.#arrived(length) };
    this.#socket = new Socket({ fd, readable: true, writable: false, onread });
    this.#socket.on("error", () => this.#end());
    this.#socket.on("end", () => this.#end());
    this.#socket.on("close", () => this.#end());
  }

  /** The next bytes, lent until the next call. Undefined when there are no more, or the pipe broke. */
  async read(): Promise<Uint8Array | undefined> {
    if (!this.#chunk && !this.#isOver) {
      const arrived = new Promise<void>((resolve) => (this.#wake = resolve));
      this.#socket.resume();
      await arrived;
    }
    const chunk = this.#chunk;
    this.#chunk = undefined;
    return chunk;
  }

  /** Closes it: there are no more bytes. */
  destroy(): void {
    this.#socket.destroy();
  }

  // False: no more until it is resumed.
  #arrived(length: number): boolean {
    this.#chunk = this.#buffer.subarray(0, length);
    this.#wake();
    return false;
  }

  #end(): void {
    this.#isOver = true;
    this.#wake();
  }
}
