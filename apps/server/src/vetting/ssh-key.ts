import { generateKeyPairSync, randomBytes } from "node:crypto";

/** A key pair as OpenSSH keeps it. */
export interface SshKeyPair {
  /** A line of an authorized_keys file. */
  publicKey: string;
  /** A private key file, not encrypted. */
  privateKey: string;
}

const TYPE = "ssh-ed25519";
/** The length that the private part is padded to a multiple of, when it is not encrypted (OpenSSH's PROTOCOL.key). */
const BLOCK_BYTES = 8;
const LINE_LENGTH = 70;

/** Makes an Ed25519 key pair in the form of OpenSSH's PROTOCOL.key, version 1. The comment is for people. */
export function makeSshKey(comment: string): SshKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const open = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const seed = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
  const publicBlob = Buffer.concat([text(TYPE), text(open)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, publicBlob, text(Buffer.concat([seed, open])), text(comment)]);
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...["none", "none", ""].map(text),
    number(1),
    text(publicBlob),
    text(padded(secret)),
  ]);
  return {
    publicKey: `${TYPE} ${publicBlob.toString("base64")} ${comment}`,
    privateKey: armoured(file.toString("base64")),
  };
}

function armoured(base64: string): string {
  const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

/** A string as SSH writes it: its length, then its bytes (RFC 4251, section 5). */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Padded with 1, 2, 3, … */
function padded(bytes: Buffer): Buffer {
  const missing = (BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES;
  return Buffer.concat([bytes, Buffer.from(Array.from({ length: missing }, (_, index) => index + 1))]);
}
