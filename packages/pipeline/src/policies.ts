import { z } from "zod";
import { limits } from "./limits.ts";
import type { RetryReason } from "./plan.ts";
import { duration, integer, list, literal, text, upToADay } from "./values.ts";

/** When a workflow may start, how many at once, and what is done when it ends badly. A text is short for a mapping. */

const workflowName = z.string("the name of a workflow");

/** A dependency written as a mapping. */
export const dependencySchema = z.strictObject({
  workflow: workflowName,
  on: z.enum(["success", "failure", "always"], "success, failure or always").default("success"),
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
  group,
  limit: integer({ min: 1, max: limits.groupLimit, expected: "a whole number from 1 to 1000" }).default(1),
  when_full: z.enum(["queue", "cancel_previous"], "queue or cancel_previous").default("queue"),
});

/** `concurrency`: a bare number is refused, for whoever writes one means the limit. */
export const concurrency = z.union(
  [
    group
      .regex(/^(?!\d+$)/, "the name of a group, or `{ group: NAME, limit: 2 }` where the number is the limit")
      .transform((name) => ({ group: name }))
      .pipe(concurrencySchema),
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
    max: retries.transform(Number),
    backoff: upToADay.default(10 * 1000),
    backoff_max: upToADay.optional(),
    on: list(z.enum(reasons, reasonsExpected), reasons.length, `a list of ${reasonsExpected}`)
      .superRefine((found, context) => {
        const again = found.findIndex((reason, index) => found.indexOf(reason) < index);
        if (again >= 0) context.addIssue({ code: "custom", path: [again], message: "each reason once" });
      })
      .optional(),
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
