import { z } from "zod";
import { durationMs, durationPattern } from "./duration.ts";
import { checkExpression } from "./expression.ts";
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

/** Yes or no, as YAML 1.2 writes it. */
export const flag = text(/^(?:true|True|TRUE|false|False|FALSE)$/, "true or false")
  .meta({ type: "boolean" })
  .transform((value) => value.toLowerCase() === "true");

/** What `checkExpression` finds nothing wrong with. */
export const expression = z.string("an expression").superRefine((value, context) => {
  const wrong = checkExpression(value);
  if (wrong !== undefined) context.addIssue({ code: "custom", message: `an expression, and ${wrong}` });
});

/** A value that is computed: by the agent when a step starts, or at planning. */
export const computedSchema = z.strictObject({
  from: expression.describe("an expression; its value is the text"),
});

/** A list that is not empty. */
export const list = <Item extends z.ZodType>(item: Item, max: number, expected: string) =>
  z.array(item, expected).min(1, expected).max(max, expected);

/** One item, or a list of them without repeats. */
export const oneOrMore = <Item extends z.ZodType<string>>(item: Item, expected: string) =>
  z.union(
    [item.transform((one) => [one]), list(item, limits.items, expected).superRefine(eachOnce)],
    `${expected} or one of them`,
  );

/** Tells the first text of a list that stood before. */
export function eachOnce(items: readonly string[], context: z.core.$RefinementCtx): void {
  const again = items.findIndex((item, index) => items.indexOf(item) < index);
  if (again >= 0) context.addIssue({ code: "custom", path: [again], message: "each of them once", input: items });
}

/** A mapping whose keys the author chooses, but for those in `named`. Keys and size are judged even where a value is wrong. */
export const mapping = <
  Value extends z.ZodType,
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- no key is named unless one is
  Named extends Record<string, z.ZodType> = Record<never, never>,
>(options: {
  keys: KeyRule[];
  value: Value;
  named?: Named;
  expected: string;
  min?: number;
  max?: number;
}) =>
  z
    .object(options.named ?? ({} as Named), options.expected)
    .catchall(options.value)
    .superRefine(
      (entries, context) => {
        const keys = isObject(entries) ? Object.keys(entries) : [];
        for (const key of keys.filter((each) => !Object.hasOwn(options.named ?? {}, each))) {
          const broken = options.keys.find((rule) => !rule.pattern.test(key));
          if (broken)
            context.addIssue({ code: "custom", path: [key], message: broken.expected, params: { key: true } });
        }
        const { min = 0, max = Infinity } = options;
        if (isObject(entries) && (keys.length < min || keys.length > max))
          context.addIssue({ code: "custom", message: options.expected });
      },
      { when: () => true },
    );

const isObject = (value: unknown) => typeof value === "object" && value !== null;
