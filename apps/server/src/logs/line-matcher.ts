import { RE2JS } from "@bufbuild/re2";
import { hasEscape, plainText } from "./plain-text.ts";

/** How a text is looked for. */
interface MatcherOptions {
  /** Upper and lower case are the same, by Unicode. Default: false. */
  ignoreCase?: boolean;
  /** The text is a regular expression of RE2, whose time is linear in a line's length. Default: false. */
  regex?: boolean;
}

/** Finds a text in lines. */
export class LineMatcher {
  readonly #wanted: Buffer;
  readonly #folded: string | undefined;
  readonly #pattern: RE2JS | undefined;

  /** Throws what is wrong with a regular expression. */
  constructor(text: string, { ignoreCase = false, regex = false }: MatcherOptions = {}) {
    this.#wanted = Buffer.from(text);
    this.#folded = ignoreCase ? text.toLowerCase() : undefined;
    this.#pattern = regex ? RE2JS.compile(text, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) : undefined;
  }

  /** Whether a line contains the text, its escape sequences apart. */
  matches(line: Uint8Array): boolean {
    const plain = bufferOf(plainText(line));
    if (this.#pattern) return this.#pattern.test(plain.toString());
    if (this.#folded === undefined) return plain.includes(this.#wanted);
    return plain.toString().toLowerCase().includes(this.#folded);
  }

  /** False: no line in these bytes matches. Much quicker than to look at each. */
  mayMatchIn(lines: Uint8Array): boolean {
    if (this.#pattern || this.#folded !== undefined) return true;
    return hasEscape(lines) || bufferOf(lines).includes(this.#wanted);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
