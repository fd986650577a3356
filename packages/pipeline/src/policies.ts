import { z } from "zod";
import { limits } from "./limits.ts";
import type { RetryReason } from "./plan.ts";
import { computedSchema, duration, eachOnce, integer, list, literal, text, upToADay } from "./values.ts";

/** When a workflow may start, how many at once, and what is done when it ends badly. A text is short for a mapping. */

const workflowName = z.string("the name of a workflow");

/** A dependency written as a mapping. */
export const dependencySchema = z.strictObject({
  workflow: workflowName.describe("a workflow; one with a matrix stands for all its cells"),
  on: z
    .enum(["success", "failure", "always"], "success, failure or always")
    .default("success")
    .describe("`success`; `failure`: it failed, timed out or was lost; `always`: it ended"),
});

const named = workflowName.transform((workflow) => ({ workflow })).pipe(dependencySchema);
const dependency = z.union([named, dependencySchema], "the name of a workflow or `{ workflow: NAME, on: always }`");

/** `depends_on`: always a list of mappings once it is read. */
export const dependencies = z.union(
  [named.transform((one) => [one]), z.array(dependency)],
  "the name of a workflow or a list such as `[NAME, { workflow: NAME, on: always }]`",
);

/** `priority`: higher goes first. */
export const priority = integer({ min: -100, max: 100, expected: "a whole number from -100 to 100" });

const group = literal("the group's name");

/** `concurrency` written as a mapping. */
export const concurrencySchema = z.strictObject({
  group: z
    .union([group, computedSchema], "one line of 1 to 128 characters")
    .describe(
      "1 to 128 characters, or `{ from: EXPRESSION }`; shared by all pipelines of the repository, and by all cells",
    ),
  limit: integer({ min: 1, max: limits.groupLimit, expected: "a whole number from 1 to 1000" })
    .default(1)
    .describe("1 to 1000: how many of the group run at once"),
  when_full: z
    .enum(["queue", "cancel_previous"], "queue or cancel_previous")
    .default("queue")
    .describe("`queue`: wait; `cancel_previous`: those that came before are canceled"),
});

/** `concurrency`: a bare number is refused, for whoever writes one means the limit. */
export const concurrency = z.union(
  [
    group
      .regex(/^(?!\d+$)/, "the name of a group, or `{ group: NAME, limit: 2 }` where the number is the limit")
      .transform((name) => ({ group: name, limit: 1, when_full: "queue" as const })),
    concurrencySchema,
  ],
  "the name of a group or `{ group: NAME, limit: 2 }`",
);

const retries = text(/^(?:[1-9]|10)$/, "a whole number from 1 to 10");
/** All that may be tried again. */
export const reasons: RetryReason[] = ["failed", "timed_out", "lost", "agent_error"];
const reasonsExpected = "failed, timed_out, lost or agent_error";
const defaultBackoffMaxMs = 5 * 60 * 1000;

/** `retry` written as a mapping. */
export const retrySchema = z
  .strictObject({
    max: retries.transform(Number).describe("1 to 10: retries after the first try"),
    backoff: upToADay
      .default(10 * 1000)
      .describe("1s to 24h: the pause before the first retry, doubled for each further one"),
    backoff_max: upToADay
      .optional()
      .describe("1s to 24h: the longest pause; 5m, or `backoff` where that is longer, without it"),
    on: list(z.enum(reasons, reasonsExpected), reasons.length, `a list of ${reasonsExpected}`)
      .superRefine(eachOnce)
      .optional()
      .describe(
        "a list of what it is tried again for: `failed`, `timed_out`, `lost`, `agent_error`; all without it, but not " +
          "`lost` with `on_agent_lost: fail`",
      ),
  })
  .refine((retry) => (retry.backoff_max ?? Infinity) >= retry.backoff, {
    path: ["backoff_max"],
    error: "a duration not shorter than backoff",
  });

/** `retry`: a pause may be longer than the usual longest one, which then is as long. */
export const retry = z
  .union(
    [retries.transform((max) => ({ max })).pipe(retrySchema), retrySchema],
    "a whole number from 1 to 10 or `{ max: 3, backoff: 30s }`",
  )
  .transform(({ backoff_max, ...rest }) => ({
    ...rest,
    backoff_max: backoff_max ?? Math.max(rest.backoff, defaultBackoffMaxMs),
  }));

/** `queue_timeout`: 0 stands for none. */
export const queueTimeout = duration({
  maxMs: limits.queueTimeoutMs,
  expected: "a duration from 1s to 14d such as 30m, 12h or 2d",
});
