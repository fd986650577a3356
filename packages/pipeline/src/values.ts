import { z } from "zod";
import { durationMs, durationPattern } from "./duration.ts";
import { limits } from "./limits.ts";

/** The kinds of values that a pipeline file is made of. */

/** A rule for the keys of a mapping. */
export interface KeyRule {
  pattern: RegExp;
  expected: string;
}

/** A text of a form. */
export const text = (pattern: RegExp, expected: string) => z.string(expected).regex(pattern, expected);

/** One line without control characters, and without those that reorder the text around them. */
export const line = text(/^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]{1,128}$/u, "one line of 1 to 128 characters");

/** A line that would be taken at its word where other formats fill in variables: one with `${` is a mistake. */
export const literal = (what: string) => line.regex(/^(?!.*\$\{)/, `${what} itself, for nothing is expanded in it`);

/** Any text that a process can be given. */
export const boundedText = (expected: string) =>
  z.string(expected).refine((value) => Buffer.byteLength(value) <= limits.textBytes, `${expected} of at most 64 KiB`);

/** A whole number as people write it, both bounds included. */
export const integer = ({ min, max, expected }: { min: number; max: number; expected: string }) =>
  text(/^(?:0|-?[1-9]\d{0,8})$/, expected)
    .refine((value) => Number(value) >= min && Number(value) <= max, expected)
    .transform(Number);

/** At least one second, in milliseconds. */
export const duration = ({ maxMs, expected }: { maxMs: number; expected: string }) =>
  text(durationPattern, expected)
    .refine((value) => durationMs(value) >= 1000 && durationMs(value) <= maxMs, expected)
    .transform(durationMs);

/** What a timeout or a pause may be. */
export const upToADay = duration({
  maxMs: limits.timeoutMs,
  expected: "a duration from 1s to 24h such as 30s, 5m or 1h30m",
});

/** A list that is not empty. */
export const list = <Item extends z.ZodType>(item: Item, max: number, expected: string) =>
  z.array(item, expected).min(1, expected).max(max, expected);

/** A mapping whose keys the author chooses. Keys and size are judged even where a value is wrong. */
export const mapping = <Value extends z.ZodType>(options: {
  keys: KeyRule[];
  value: Value;
  expected: string;
  min?: number;
  max?: number;
}) =>
  z.record(z.string(), options.value, options.expected).superRefine(
    (entries, context) => {
      const keys = isObject(entries) ? Object.keys(entries) : [];
      for (const key of keys) {
        const broken = options.keys.find((rule) => !rule.pattern.test(key));
        if (broken) context.addIssue({ code: "custom", path: [key], message: broken.expected, params: { key: true } });
      }
      const { min = 0, max = Infinity } = options;
      if (isObject(entries) && (keys.length < min || keys.length > max))
        context.addIssue({ code: "custom", message: options.expected });
    },
    { when: () => true },
  );

const isObject = (value: unknown) => typeof value === "object" && value !== null;
