import { createHash, randomBytes } from "node:crypto";

/** What each kind of secret starts with, so that people and scanners tell them apart. */
export const PREFIXES = { enrolment: "gce_", agent: "gca_", operator: "gco_" } as const;

/** A new secret and what is stored of it. */
export interface NewSecret {
  /** The prefix and 256 random bits in base64url. Told once, never stored. */
  secret: string;
  hash: Buffer;
}

/** Makes a secret of this kind. */
export function newSecret(kind: keyof typeof PREFIXES): NewSecret {
  const secret = PREFIXES[kind] + randomBytes(32).toString("base64url");
  return { secret, hash: hashSecret(secret) };
}

/**
 * What is stored of a secret. A plain SHA-256 is right for 256 random bits: there is nothing to guess, and looking the
 * hash up tells nothing about the secret by its timing.
 */
export function hashSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
