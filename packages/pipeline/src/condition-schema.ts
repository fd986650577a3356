import { z } from "zod";
import { limits } from "./limits.ts";
import { events } from "./trigger.ts";
import { expression, line, list, oneOrMore, text } from "./values.ts";

/** `when`: what must have started the pipeline for a workflow to be part of it. */

const eventsExpected = events.join(", ");
const event = text(new RegExp(`^(?:${events.join("|")})$`), `one of ${eventsExpected}`);

const filterOf = (item: typeof line, what: string) => {
  const patterns = oneOrMore(item, `a list of ${what}`);
  return z.strictObject({
    include: patterns.optional().describe("at least one of them must match; all do without it"),
    exclude: patterns.default([]).describe("none of them may match"),
  });
};

/** A filter written as a mapping. */
export const filterSchema = filterOf(line, "patterns");

const filter = (item: typeof line, what: string) =>
  z.union(
    [oneOrMore(item, `a list of ${what}`).transform((include) => ({ include, exclude: [] })), filterOf(item, what)],
    `a list of ${what}, or \`{ include: [...], exclude: [...] }\``,
  );

/** One condition: all that it says must hold. */
export const conditionSchema = z.strictObject({
  event: filter(event, "events").optional().describe(`events: ${eventsExpected}`),
  branch: filter(line, "patterns").optional().describe("patterns of the branch; of a pull request, the one it goes to"),
  tag: filter(line, "patterns").optional().describe("patterns of the tag"),
  path: filter(line, "patterns")
    .optional()
    .describe("patterns of changed files, one of which must match; holds where it is not known what changed"),
  cron: filter(line, "names").optional().describe("names of the cron that fired"),
  expression: expression.optional().describe("an expression that must be true"),
});

/** `when`: always a list once it is read, one of which must hold. */
export const when = z.union(
  [
    conditionSchema.transform((one) => [one]),
    list(conditionSchema, limits.items, "a list of conditions such as `event: push`"),
  ],
  "a condition such as `{ event: push, branch: main }`, or a list of them",
);

/** One condition of a checked file. */
export type Condition = z.output<typeof conditionSchema>;
/** One filter of a checked file. */
export type Filter = z.output<typeof filterSchema>;
