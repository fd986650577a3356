import { createPublicKey, type KeyObject } from "node:crypto";
import { sha256Of } from "./digest.ts";

/** A public key's name: the SHA-256 of its DER (SPKI) in hexadecimal. */
export function keyIdOf(key: KeyObject): string {
  return sha256Of(key.export({ type: "spki", format: "der" }));
}

/** An Ed25519 public key from its PEM. Throws an error that says what is wrong with the text. */
export function readPublicKey(pem: string): KeyObject {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) throw new Error("this is a private key; give the public one");
  const key = parse(pem);
  if (key?.asymmetricKeyType === "ed25519") return key;
  throw new Error(
    key === undefined
      ? "this is not a public key in PEM; fetch it: crew vet attestation key"
      : `this is a key of type ${key.asymmetricKeyType}; attestations are signed with ed25519`,
  );
}

function parse(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}
