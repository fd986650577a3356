import { z } from "zod";
import { durationMs, durationPattern } from "./duration.ts";
import { limits } from "./limits.ts";

/**
 * The shape of a pipeline file. Every scalar arrives as its text in the file. The message of each rule is what is
 * expected, in words that fit after "expected"; `check-shape.ts` says where and what was found.
 */

/** A rule for the keys of a mapping. */
interface KeyRule {
  pattern: RegExp;
  expected: string;
}

/** No control characters, and none that reorder the text around them. */
const linePattern = /^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]{1,128}$/u;
const lineExpected = "one line of 1 to 128 characters";

const nameKeys: KeyRule = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._ -]{0,62}$/,
  expected: "a name of 1 to 63 letters, digits, dots, spaces, _ or -, a letter or digit first",
};
const labelKeys: KeyRule = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/,
  expected: "a label of 1 to 128 letters, digits, dots, /, _ or -, a letter or digit first",
};
const envKeys: KeyRule[] = [
  {
    pattern: /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
    expected: "a variable of 1 to 128 letters, digits or _, no digit first",
  },
  { pattern: /^(?!GROUNDCREW_|MATRIX_)/, expected: "a variable outside GROUNDCREW_ and MATRIX_, which are reserved" },
];
const matrixKeys: KeyRule[] = [
  {
    pattern: /^[A-Za-z][A-Za-z0-9_-]{0,62}$/,
    expected: "a matrix key of 1 to 63 letters, digits, _ or -, a letter first",
  },
  { pattern: /^(?!(?:include|exclude)$)/, expected: "a matrix key other than include and exclude, which are reserved" },
];

const text = (pattern: RegExp, expected: string) => z.string(expected).regex(pattern, expected);

const boundedText = (expected: string) =>
  z.string(expected).refine((value) => Buffer.byteLength(value) <= limits.textBytes, `${expected} of at most 64 KiB`);

/** A mapping whose keys the author chooses. Keys and size are judged even where a value is wrong. */
const mapping = <Value extends z.ZodType>(options: {
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

const list = <Item extends z.ZodType>(item: Item, max: number, expected: string) =>
  z.array(item, expected).min(1, expected).max(max, expected);

const durationExpected = "a duration from 1s to 24h such as 30s, 5m or 1h30m";
const duration = text(durationPattern, durationExpected)
  .refine((value) => durationMs(value) >= 1000 && durationMs(value) <= limits.timeoutMs, durationExpected)
  .transform(durationMs);

const env = mapping({
  keys: envKeys,
  value: boundedText("a text, a number or true or false"),
  expected: `a mapping of at most ${limits.variables} variables to values`,
  max: limits.variables,
}).default({});

const labels = mapping({
  keys: [labelKeys],
  value: text(linePattern, lineExpected).regex(
    /^(?!.*\$\{)/,
    "the label's value itself, for nothing is expanded in it",
  ),
  expected: `a mapping of at most ${limits.labels} labels to values`,
  max: limits.labels,
}).default({});

const matrix = mapping({
  keys: matrixKeys,
  value: list(text(linePattern, lineExpected), limits.cells, `a list of 1 to 256 values`),
  expected: "a mapping of keys to lists of values",
  min: 1,
});

const dependencyExpected = "the name of a workflow";
const dependencies = z
  .union(
    [z.string(dependencyExpected), z.array(z.string(dependencyExpected))],
    "the name of a workflow or a list of them",
  )
  .transform((names) => (typeof names === "string" ? [names] : names));

/** One item of `steps`. */
export const stepSchema = z.strictObject(
  {
    name: text(nameKeys.pattern, nameKeys.expected).optional(),
    run: boundedText("a command or a block of commands").regex(/\S/, "a command or a block of commands"),
    shell: z.enum(["sh", "bash"], "sh or bash").default("sh"),
    env,
    timeout: duration.optional(),
  },
  "a step such as `run: make build`",
);

/** One value of `workflows`. */
export const workflowSchema = z.strictObject(
  {
    labels,
    env,
    timeout: duration.default(60 * 60 * 1000),
    on_agent_lost: z.enum(["requeue", "fail"], "requeue or fail").default("requeue"),
    depends_on: dependencies.default([]),
    matrix: matrix.optional(),
    steps: list(stepSchema, limits.steps, `a list of 1 to ${limits.steps} steps`),
  },
  "a workflow: a mapping with steps",
);

/** The whole file. */
export const fileSchema = z.strictObject(
  {
    name: text(linePattern, lineExpected).optional(),
    env,
    workflows: mapping({
      keys: [nameKeys],
      value: workflowSchema,
      expected: "a mapping of names to workflows, at least one",
      min: 1,
    }),
  },
  "a mapping with workflows",
);

/** A pipeline file that passed the schema: defaults filled in, durations in milliseconds. */
export type PipelineFile = z.output<typeof fileSchema>;
/** One of its workflows. */
export type Workflow = z.output<typeof workflowSchema>;
/** One of their steps. */
export type Step = z.output<typeof stepSchema>;
