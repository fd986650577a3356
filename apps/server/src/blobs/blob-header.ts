import type { BlobHeader } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { requireText } from "../validate.ts";
import { checkedStepRun, type StepRunName } from "../workflows/step-run.ts";
import { checkedCacheKey } from "../caches/cache-key.ts";
import { checkedKind, type BlobKindName } from "./kinds.ts";
import { MAX_ARCHIVE_BYTES, MAX_BLOB_BYTES } from "./limits.ts";

/** What a file is said to be, checked. */
export interface CheckedHeader {
  stepRun: StepRunName;
  kind: BlobKindName;
  /** Unique in the step run; of a cache its key. */
  name: string;
  contentType: string;
  size: number;
  sha256: Uint8Array;
  offset: number;
}

/** Checks a file's header. Throws INVALID_ARGUMENT naming the field. */
export function checkedHeader(header: BlobHeader): CheckedHeader {
  const kind = checkedKind("header.kind", header.kind);
  const size = requireBytes("header.size", header.size, kind === "evidence" ? MAX_BLOB_BYTES : MAX_ARCHIVE_BYTES);
  return {
    stepRun: checkedStepRun(header.stepRun, "header.step_run"),
    kind,
    name: kind === "cache" ? checkedCacheKey("header.cache_key", header.cacheKey) : checkedName(header.name),
    contentType: requireText("header.content_type", header.contentType, {
      max: 100,
      pattern: /^[\w.+-]+\/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*$/,
      expected: "a media type such as text/plain, at most 100 characters",
    }),
    size,
    sha256: checkedDigest(header.sha256),
    offset: requireBytes("header.offset", header.offset, size),
  };
}

/** A count of bytes from a stranger. Throws INVALID_ARGUMENT naming the field. */
export function requireBytes(field: string, value: string, max: number): number {
  if (/^\d{1,15}$/.test(value) && Number(value) <= max) return Number(value);
  throw invalidField(field, value, `0 to ${max} bytes`);
}

function checkedName(name: string): string {
  const expected = "1 to 200 of letters, digits, '-', '.', '_', other than \".\" and \"..\"";
  return requireText("header.name", name, { max: 200, pattern: /^(?!\.\.?$)[A-Za-z0-9._-]+$/, expected });
}

function checkedDigest(sha256: Uint8Array): Uint8Array {
  if (sha256.length === 32) return sha256;
  throw invalidField("header.sha256", `${sha256.length} bytes`, "32 bytes");
}
