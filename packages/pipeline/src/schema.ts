import { z } from "zod";
import { when } from "./condition-schema.ts";
import { limits } from "./limits.ts";
import { concurrency, dependencies, priority, queueTimeout, retry } from "./policies.ts";
import { env, nameKeys, secrets, steps } from "./step-schema.ts";
import { computedSchema, flag, integer, type KeyRule, line, list, literal, mapping, upToADay } from "./values.ts";

/**
 * The shape of a pipeline file. Every scalar arrives as its text in the file. The message of each rule is what is
 * expected, in words that fit after "expected"; `check-shape.ts` says where and what was found. What each key is for
 * stands in its description, of which the reference page and the JSON Schema are made.
 */

const labelKeys: KeyRule = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/,
  expected: "a label of 1 to 128 letters, digits, dots, /, _ or -, a letter or digit first",
};
const matrixKeys: KeyRule[] = [
  {
    pattern: /^[A-Za-z][A-Za-z0-9_-]{0,62}$/,
    expected: "a matrix key of 1 to 63 letters, digits, _ or -, a letter first",
  },
];

const labels = mapping({
  keys: [labelKeys],
  value: z.union([literal("the label's value"), computedSchema], "one line of 1 to 128 characters"),
  expected: `a mapping of at most ${limits.labels} labels to values`,
  max: limits.labels,
}).default({});

const cells = list(
  mapping({ keys: matrixKeys, value: line, expected: "a mapping of matrix keys to values", min: 1 }),
  limits.cells,
  "a list of mappings of matrix keys to values",
);

/** `include` and `exclude` are keys of the same mapping as those that the author chooses. */
export const matrixSchema = mapping({
  keys: matrixKeys,
  value: list(line, limits.cells, "a list of 1 to 256 values"),
  named: {
    include: cells
      .optional()
      .describe(
        "cells that are added; one that fits cells which are there, and changes none of their values, extends them",
      ),
    exclude: cells.optional().describe("cells that are taken away: all that have these values"),
  },
  expected: "a mapping of keys to lists of values",
  min: 1,
});

/** `checkout` written as a mapping. */
export const checkoutSchema = z.strictObject({
  depth: integer({ min: 0, max: 1_000_000, expected: "a whole number from 0 to 1000000" })
    .default(1)
    .describe("commits of history; 0: all"),
  submodules: flag.default(false).describe("fetches submodules as well"),
});

const checkout = z.union(
  [flag.transform((on) => (on ? { depth: 1, submodules: false } : undefined)), checkoutSchema],
  "true or false, or `{ depth: 0, submodules: true }`",
);

/** One value of `workflows`. */
export const workflowSchema = z.strictObject(
  {
    when: when.optional().describe("what must have started the pipeline; without it, anything. In full as below"),
    labels: labels.describe("the labels an agent must have. A value may be `{ from: EXPRESSION }`"),
    env: env.describe("variables of every step; they win over the file's. A value may be `{ from: EXPRESSION }`"),
    secrets: secrets.describe(
      "secrets of every step: by variable, or a list of those whose variable is named as they are",
    ),
    timeout: upToADay.default(60 * 60 * 1000).describe("1s to 24h, such as `30s`, `5m`, `1h30m`"),
    on_agent_lost: z
      .enum(["requeue", "fail"], "requeue or fail")
      .default("requeue")
      .describe("`requeue`: run again elsewhere; `fail`: end as `lost`"),
    depends_on: dependencies
      .default([])
      .describe("a workflow or a list of them; one with a matrix stands for all its cells. In full as below"),
    priority: priority.default(0).describe("-100 to 100; the higher goes first"),
    concurrency: concurrency.optional().describe("the group whose workflows run one at a time; in full as below"),
    retry: retry.optional().describe("1 to 10: how often it is tried again by itself; in full as below"),
    queue_timeout: queueTimeout
      .default(0)
      .describe("1s to 14d, such as `30m`, `12h`, `2d`: how long it may wait for an agent; for ever without it"),
    matrix: matrixSchema
      .optional()
      .describe("lists of values by key: one workflow for each combination; in full as below"),
    approval: flag.default(false).describe("it waits for an operator's approval before it may run"),
    checkout: checkout
      .optional()
      .describe("fetches the source into the workspace before the first step; in full as below"),
    steps: steps.describe("in the order they run; an item may be a group, `parallel: [...]`"),
  },
  "a workflow: a mapping with steps",
);

/** The whole file. */
export const fileSchema = z.strictObject(
  {
    name: line.optional().describe("the pipeline's name; the file's path without it"),
    env: env.describe("variables of every workflow of this file"),
    workflows: mapping({
      keys: [nameKeys],
      value: workflowSchema,
      expected: "a mapping of names to workflows, at least one",
      min: 1,
    }).describe("workflows by name"),
  },
  "a mapping with workflows",
);

/** A pipeline file that passed the schema: defaults filled in, short forms written out, durations in milliseconds. */
export type PipelineFile = z.output<typeof fileSchema>;
/** One of its workflows. */
export type Workflow = z.output<typeof workflowSchema>;
/** How a workflow is tried again. */
export type Retry = z.output<typeof retry>;
/** The cells of a workflow, before they are multiplied. */
export type Matrix = z.output<typeof matrixSchema>;
