import { z } from "zod";
import { limits } from "./limits.ts";
import { concurrency, dependencies, priority, queueTimeout, retry } from "./policies.ts";
import { boundedText, type KeyRule, line, list, literal, mapping, text, upToADay } from "./values.ts";

/**
 * The shape of a pipeline file. Every scalar arrives as its text in the file. The message of each rule is what is
 * expected, in words that fit after "expected"; `check-shape.ts` says where and what was found.
 */

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

const env = mapping({
  keys: envKeys,
  value: boundedText("a text, a number or true or false"),
  expected: `a mapping of at most ${limits.variables} variables to values`,
  max: limits.variables,
}).default({});

const labels = mapping({
  keys: [labelKeys],
  value: literal("the label's value"),
  expected: `a mapping of at most ${limits.labels} labels to values`,
  max: limits.labels,
}).default({});

const matrix = mapping({
  keys: matrixKeys,
  value: list(line, limits.cells, "a list of 1 to 256 values"),
  expected: "a mapping of keys to lists of values",
  min: 1,
});

/** One item of `steps`. */
export const stepSchema = z.strictObject(
  {
    name: text(nameKeys.pattern, nameKeys.expected).optional(),
    run: boundedText("a command or a block of commands").regex(/\S/, "a command or a block of commands"),
    shell: z.enum(["sh", "bash"], "sh or bash").default("sh"),
    env,
    timeout: upToADay.optional(),
  },
  "a step such as `run: make build`",
);

/** One value of `workflows`. */
export const workflowSchema = z.strictObject(
  {
    labels,
    env,
    timeout: upToADay.default(60 * 60 * 1000),
    on_agent_lost: z.enum(["requeue", "fail"], "requeue or fail").default("requeue"),
    depends_on: dependencies.default([]),
    priority: priority.default(0),
    concurrency: concurrency.optional(),
    retry: retry.optional(),
    queue_timeout: queueTimeout.default(0),
    matrix: matrix.optional(),
    steps: list(stepSchema, limits.steps, `a list of 1 to ${limits.steps} steps`),
  },
  "a workflow: a mapping with steps",
);

/** The whole file. */
export const fileSchema = z.strictObject(
  {
    name: line.optional(),
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

/** A pipeline file that passed the schema: defaults filled in, short forms written out, durations in milliseconds. */
export type PipelineFile = z.output<typeof fileSchema>;
/** One of its workflows. */
export type Workflow = z.output<typeof workflowSchema>;
/** One of their steps. */
export type Step = z.output<typeof stepSchema>;
/** How many of a group may run at once. */
export type Concurrency = z.output<typeof concurrency>;
/** How a workflow is tried again. */
export type Retry = z.output<typeof retry>;
