import { createHash } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GetBlobResponseSchema } from "@groundcrew/proto";
import type { FakeQueue } from "./fake-queue.ts";

const PART_BYTES = 4;

/** The files that agents have put into a fake queue, as agents get them back: in parts of 4 bytes. */
export class FakeFiles {
  readonly #queue: FakeQueue;
  readonly #onPart: () => void;

  constructor(queue: FakeQueue, onPart: () => void) {
    this.#queue = queue;
    this.#onPart = onPart;
  }

  /** The file of this name, else the last whose name starts with one of the prefixes. */
  find(name: string, prefixes: readonly string[]) {
    const all = this.#all();
    const found =
      all.findIndex((file) => file.name === name) + 1 ||
      all.findLastIndex((file) => prefixes.some((prefix) => file.name.startsWith(prefix))) + 1;
    const file = all[found - 1];
    return file ? { blob: { id: String(found), ...describe(file) } } : {};
  }

  async *read(id: string, offset: number): AsyncGenerator<MessageInitShape<typeof GetBlobResponseSchema>> {
    const file = this.#all()[Number(id) - 1];
    if (!file) return;
    yield { part: { case: "info", value: describe(file) } };
    for (let at = offset; at < file.content.length; at += PART_BYTES) {
      yield { part: { case: "data", value: file.content.subarray(at, at + PART_BYTES) } };
      this.#onPart();
    }
  }

  #all(): { name: string; content: Buffer }[] {
    const workflows = [...this.#queue.workflows.values()];
    return workflows.flatMap(({ blobs }) =>
      Array.from(blobs, ([key, content]) => ({
        name: key.slice(key.indexOf("/") + 1),
        content: Buffer.from(content, "latin1"),
      })),
    );
  }
}

function describe({ name, content }: { name: string; content: Buffer }) {
  const sha256 = createHash("sha256").update(content).digest();
  return { name, size: String(content.length), sha256 };
}
