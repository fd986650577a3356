import { requireText } from "../validate.ts";

/** A cache's key, or the start of one, from a stranger. Throws INVALID_ARGUMENT naming the field. */
export function checkedCacheKey(field: string, key: string): string {
  return requireText(field, key, {
    max: 512,
    pattern: /^[^\p{Cc}]+$/u,
    expected: "1 to 512 printable characters",
  });
}
