import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { invalidField } from "@groundcrew/rpc";

/** The largest int64. */
const MAX_ID = 2n ** 63n - 1n;

/** An id from a stranger: a positive decimal int64. Throws INVALID_ARGUMENT naming the field. */
export function requireId(field: string, value: string): string {
  if (/^[1-9][0-9]{0,18}$/.test(value) && BigInt(value) <= MAX_ID) return value;
  throw invalidField(field, value, "a positive id");
}

/** Whether a text is a UUID. */
export function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

/** What a text must be. */
export interface TextRule {
  /** Fewest characters. Default 0. */
  min?: number;
  /** Most characters. */
  max: number;
  pattern?: RegExp;
  /** The rule in words, for the error. */
  expected: string;
}

/** A text from a stranger. Throws INVALID_ARGUMENT naming the field, the value and the rule. */
export function requireText(field: string, value: string, { min = 0, max, pattern, expected }: TextRule): string {
  const fits = value.length >= min && value.length <= max && !value.includes("\0");
  if (fits && (pattern?.test(value) ?? true)) return value;
  throw invalidField(field, value, expected);
}

/** A whole number from a stranger. Throws INVALID_ARGUMENT naming the field, the value and the range. */
export function requireRange(field: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalidField(field, value, `${min} to ${max}`);
}

/** A map of labels or variables from a stranger. Throws INVALID_ARGUMENT naming the first entry that does not fit. */
export function requireMap(
  field: string,
  map: Record<string, string>,
  { maxEntries, maxKey, maxValue }: { maxEntries: number; maxKey: number; maxValue: number },
): Record<string, string> {
  const entries = Object.entries(map);
  if (entries.length > maxEntries) throw invalidField(field, `${entries.length} entries`, `at most ${maxEntries}`);
  for (const [key, value] of entries) {
    requireText(`${field} key`, key, { min: 1, max: maxKey, expected: `1 to ${maxKey} characters` });
    requireText(`${field}.${key}`, value, { max: maxValue, expected: `at most ${maxValue} characters` });
  }
  return map;
}

/** The end of the year 9999, in seconds since 1970. */
const TIME_MAX_SECONDS = 253_402_300_799n;

/** A time from a stranger; absent is null. Throws INVALID_ARGUMENT naming the field. */
export function checkedTime(field: string, time: Timestamp | undefined): Date | null {
  if (!time) return null;
  const fits = time.seconds >= 0n && time.seconds <= TIME_MAX_SECONDS && time.nanos >= 0 && time.nanos < 1e9;
  if (fits) return timestampDate(time);
  throw invalidField(field, `${time.seconds} s`, "a time between the years 1970 and 9999");
}
