import { createHash } from "node:crypto";

/** A key's size, in bytes: AES-256's. */
const KEY_BYTES = 32;

/** A key that secrets are encrypted with. */
export interface SecretKey {
  /** Follows from the key, so that two keys never share one by mistake: 16 hexadecimal digits of its SHA-256. */
  readonly id: string;
  readonly bytes: Buffer;
}

/** The keys of a server: the first one encrypts, each one decrypts what it has encrypted. */
export class KeyRing {
  readonly first: SecretKey;
  readonly #byId: ReadonlyMap<string, SecretKey>;

  constructor(keys: readonly [SecretKey, ...SecretKey[]]) {
    this.first = keys[0];
    this.#byId = new Map(keys.map((key) => [key.id, key]));
  }

  /** The key with this id, if the server has it. */
  get(id: string): SecretKey | undefined {
    return this.#byId.get(id);
  }

  /** The ids of all keys, the first one first. */
  get ids(): string[] {
    return [...this.#byId.keys()];
  }
}

/** A key of these bytes. */
export function keyOf(bytes: Buffer): SecretKey {
  return { id: createHash("sha256").update("groundcrew secret key\n").update(bytes).digest("hex").slice(0, 16), bytes };
}

/**
 * Reads keys: 32 bytes of base64 each, apart by line breaks or commas; a line that starts with `#` is none. Throws an
 * error that says which one is wrong, by its place and never by its text. `where` is what the error calls the text.
 */
export function parseKeys(text: string, where: string): KeyRing {
  const written = text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [first, ...others] = written.map((line, index) => parseKey(line, `key ${index + 1} of ${where}`));
  if (!first) throw new Error(`${where} holds no key; make one: openssl rand -base64 ${KEY_BYTES}`);
  return new KeyRing([first, ...others]);
}

function parseKey(text: string, where: string): SecretKey {
  const bytes = /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, "base64") : Buffer.alloc(0);
  if (bytes.length === KEY_BYTES) return keyOf(bytes);
  throw new Error(`${where} is not ${KEY_BYTES} bytes of base64; make one: openssl rand -base64 ${KEY_BYTES}`);
}
