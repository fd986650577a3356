import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { SecretScopeName } from "../db/schema.ts";
import type { KeyRing, SecretKey } from "./key-ring.ts";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Whose secret it is, and its name. */
export interface SecretPlace {
  scope: SecretScopeName;
  target: string;
  name: string;
}

/** Where an encrypted value belongs: to a secret, or to a vetting run or the server itself, whose own no step ever sees. */
export type SealedPlace = SecretPlace | { scope: "vetting_run" | "server"; target: string; name: string };

/** An encrypted value: the nonce, the tag, the ciphertext. */
interface Sealed {
  key_id: string;
  sealed: Uint8Array;
}

/** Encrypts a value with the first key, bound to its place: in another place it cannot be opened. */
export function seal({ first }: KeyRing, place: SealedPlace, value: string): Sealed {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, first.bytes, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(place, first));
  const text = Buffer.concat([cipher.update(value, "utf8"), cipher.final()]);
  return { key_id: first.id, sealed: Buffer.concat([nonce, cipher.getAuthTag(), text]) };
}

/** Decrypts a value. Throws {@link UnreadableSecret} without the key, and for bytes that were written elsewhere. */
export function unseal(keys: KeyRing, row: SealedPlace & Sealed): string {
  const key = keys.get(row.key_id);
  if (!key) throw new UnreadableSecret(row, `is encrypted with key ${row.key_id}, which this server does not have`);
  const bytes = Buffer.from(row.sealed);
  const tagEnd = NONCE_BYTES + TAG_BYTES;
  try {
    const decipher = createDecipheriv(CIPHER, key.bytes, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(row, key)).setAuthTag(bytes.subarray(NONCE_BYTES, tagEnd));
    return Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]).toString("utf8");
  } catch {
    throw new UnreadableSecret(row, `was changed after key ${row.key_id} encrypted it, or belongs elsewhere`);
  }
}

function boundTo({ scope, target, name }: SealedPlace, { id }: SecretKey): Buffer {
  return Buffer.from(JSON.stringify(["groundcrew secret 1", id, scope, target, name]));
}

/** A stored secret cannot be decrypted. The message names it, never its value. */
export class UnreadableSecret extends Error {
  override readonly name = "UnreadableSecret";

  constructor(place: SealedPlace, why: string) {
    super(`secret ${place.name} of ${place.scope} ${place.target} ${why}`);
  }
}
