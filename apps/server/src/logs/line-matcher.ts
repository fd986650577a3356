import { hasEscape, plainText } from "./plain-text.ts";

/** Finds a text in lines. */
export class LineMatcher {
  readonly #wanted: Buffer;
  readonly #folded: string | undefined;

  /** With `ignoreCase` (default: false) upper and lower case are the same, by Unicode. */
  constructor(text: string, { ignoreCase = false }: { ignoreCase?: boolean } = {}) {
    this.#wanted = Buffer.from(text);
    this.#folded = ignoreCase ? text.toLowerCase() : undefined;
  }

  /** Whether a line contains the text, its escape sequences apart. */
  matches(line: Uint8Array): boolean {
    const plain = bufferOf(plainText(line));
    if (this.#folded === undefined) return plain.includes(this.#wanted);
    return plain.toString().toLowerCase().includes(this.#folded);
  }

  /** False: no line in these bytes matches. Much quicker than to look at each. */
  mayMatchIn(lines: Uint8Array): boolean {
    return this.#folded !== undefined || hasEscape(lines) || bufferOf(lines).includes(this.#wanted);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
