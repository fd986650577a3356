import { z } from "zod";
import { durationMs, durationPattern } from "./duration.ts";
import { limits } from "./limits.ts";
import {
  boundedText,
  computedSchema,
  eachOnce,
  expression,
  flag,
  integer,
  type KeyRule,
  list,
  literal,
  mapping,
  oneOrMore,
  text,
  upToADay,
} from "./values.ts";

/** The keys of a step, and of what stands in it. */

/** What names of workflows and steps are like. */
export const nameKeys: KeyRule = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._ -]{0,62}$/,
  expected: "a name of 1 to 63 letters, digits, dots, spaces, _ or -, a letter or digit first",
};
const variable = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
  expected: "a variable of 1 to 128 letters, digits or _, no digit first",
};
const free = /^(?!GROUNDCREW_|MATRIX_)/;
const envKeys: KeyRule[] = [
  variable,
  { pattern: free, expected: "a variable outside GROUNDCREW_ and MATRIX_, which are reserved" },
];

const name = text(nameKeys.pattern, nameKeys.expected);
const fileName = text(/^[A-Za-z0-9._-]{1,128}$/, "a name of 1 to 128 letters, digits, dots, _ or -");

/** Of a file's own variables. */
export const env = mapping({
  keys: envKeys,
  value: z.union(
    [boundedText("a text, a number or true or false"), computedSchema],
    "a text, a number, true or false, or `{ from: EXPRESSION }`",
  ),
  expected: `a mapping of at most ${limits.variables} variables to values`,
  max: limits.variables,
}).default({});

const secretName = text(variable.pattern, "the name of a secret: 1 to 128 letters, digits or _, no digit first");
const secretList = list(
  secretName.regex(free, "a secret whose name a variable may have: not GROUNDCREW_ or MATRIX_"),
  limits.items,
  "a list of secrets",
).superRefine(eachOnce);
const secretMap = mapping({
  keys: envKeys,
  value: secretName,
  expected: `a mapping of at most ${limits.items} variables to secrets`,
  max: limits.items,
});

/** `secrets`: always by variable once it is read. */
export const secrets = z
  .union(
    [secretList.transform((names) => Object.fromEntries(names.map((each) => [each, each]))), secretMap],
    "a list of secrets such as `[NPM_TOKEN]`, or `{ VARIABLE: SECRET }`",
  )
  .default({});

const inWorkspace = text(/^(?!\/|~)(?!(?:.*\/)?\.\.(?:\/|$))[^\p{Cc}]{1,512}$/u, "a path or pattern in the workspace");
const inWorkspaceOrHome = text(
  /^(?!\/)(?!~(?!\/))(?!(?:.*\/)?\.\.(?:\/|$))[^\p{Cc}]{1,512}$/u,
  "a path in the workspace or, with ~/, in HOME",
);

const retries = integer({ min: 1, max: 10, expected: "a whole number from 1 to 10" });
const pause = text(durationPattern, "a duration up to 24h such as 0s, 30s or 5m")
  .refine((value) => durationMs(value) <= limits.timeoutMs, "a duration up to 24h such as 0s, 30s or 5m")
  .transform(durationMs);

/** A step's `retry` written as a mapping. */
export const stepRetrySchema = z.strictObject({
  max: retries.describe("1 to 10: how often it is tried again after the first try"),
  backoff: pause.default(0).describe("the pause before each retry, up to 24h"),
});

/** `service` written as a mapping. */
export const serviceSchema = z
  .strictObject({
    run: boundedText("a command").optional().describe("ready when this command exits with 0"),
    port: integer({ min: 1, max: 65_535, expected: "a port from 1 to 65535" })
      .optional()
      .describe("ready when this TCP port of the loopback interface answers"),
    timeout: upToADay.default(60_000).describe("how long it may take to be ready; then it has failed"),
  })
  .refine(({ run, port }) => run === undefined || port === undefined, {
    path: ["port"],
    error: "either run or port to tell that it is ready",
  });

/** One item of `artifacts`. */
export const artifactSchema = z.strictObject({
  name: fileName.describe("unique in the workflow; what `downloads` asks for"),
  paths: oneOrMore(inWorkspace, "a list of patterns").describe(
    "patterns in the workspace; a folder stands for all in it",
  ),
  when: z
    .enum(["success", "failure", "always"], "success, failure or always")
    .default("success")
    .describe("after which end of the step they are kept: `success`, `failure`, `always`"),
});

/** One item of `downloads` written as a mapping. */
export const downloadSchema = z.strictObject({
  artifact: fileName.describe("the artifact's name"),
  workflow: name
    .default("")
    .describe("a workflow that this one waits for; without it, an earlier step of this one kept it"),
  into: inWorkspace.default("").describe("the folder in the workspace that its files go to"),
});

/** One item of `cache`. */
export const cacheSchema = z.strictObject({
  key: expression.describe('an expression, a text: its name, such as `"npm-" + hashFiles("package-lock.json")`'),
  restore_keys: oneOrMore(expression, "a list of expressions")
    .default([])
    .describe("expressions: names, the first of which that starts a stored one is taken where `key` is not stored"),
  paths: oneOrMore(inWorkspaceOrHome, "a list of paths").describe(
    "folders or files in the workspace or, with `~/`, in HOME",
  ),
});

const download = z.union(
  [fileName.transform((artifact) => ({ artifact })).pipe(downloadSchema), downloadSchema],
  "the name of an artifact or `{ artifact: NAME, workflow: NAME }`",
);

/** One item of `steps` that is no group. */
export const stepSchema = z.strictObject(
  {
    name: name.optional().describe("unique in the workflow; `step N`, counted from 1, without it"),
    run: boundedText("a command or a block of commands")
      .regex(/\S/, "a command or a block of commands")
      .describe("a command or a block of commands; nothing is expanded in it but by the shell"),
    shell: z.enum(["sh", "bash"], "sh or bash").default("sh").describe("`sh` or `bash`"),
    env: env.describe("the step's variables; they win over the workflow's. A value may be `{ from: EXPRESSION }`"),
    secrets: secrets.describe("secrets by variable, or a list of those whose variable is named as they are"),
    if: expression
      .optional()
      .describe("an expression; the step is skipped where it is not true. `success()` without it"),
    timeout: upToADay.optional().describe("1s to 24h; without it, the workflow's"),
    retry: z
      .union(
        [retries.transform((max) => ({ max, backoff: 0 })), stepRetrySchema],
        "a whole number from 1 to 10 or `{ max: 3, backoff: 30s }`",
      )
      .optional()
      .describe("1 to 10: how often it is tried again by itself; in full as below"),
    continue_on_error: flag.default(false).describe("its failure does not fail the workflow"),
    always: flag.default(false).describe("a clean-up: it runs after failure, cancel and timeout, too"),
    outputs: oneOrMore(
      text(variable.pattern, "the name of an output: letters, digits or _, no digit first"),
      "a list of names",
    )
      .default([])
      .describe("names that it may write to the file `$GROUNDCREW_OUTPUT` as `name=value`"),
    service: z
      .union(
        [
          flag.transform((on): z.output<typeof serviceSchema> | undefined => (on ? { timeout: 60_000 } : undefined)),
          serviceSchema,
        ],
        "true, or `{ port: 5432 }`",
      )
      .optional()
      .describe(
        "it runs on beside the steps that follow and is stopped at the end; `true`, or how it is known to be ready",
      ),
    junit: oneOrMore(inWorkspace, "a list of patterns")
      .default([])
      .describe("where its JUnit files are: patterns in the workspace; they become test results"),
    artifacts: z
      .union(
        [artifactSchema.transform((one) => [one]), list(artifactSchema, limits.items, "a list of artifacts")],
        "`{ name: NAME, paths: [PATH] }` or a list of them",
      )
      .default([])
      .describe("files that are kept once it has ended"),
    downloads: z
      .union(
        [
          fileName.transform((artifact) => [{ artifact, workflow: "", into: "" }]),
          downloadSchema.transform((one) => [one]),
          list(download, limits.items, "a list of artifacts to fetch"),
        ],
        "the name of an artifact, `{ artifact: NAME, workflow: NAME }`, or a list of them",
      )
      .default([])
      .describe("artifacts that are fetched before it starts"),
    cache: z
      .union(
        [cacheSchema.transform((one) => [one]), list(cacheSchema, limits.items, "a list of caches")],
        "`{ key: EXPRESSION, paths: [PATH] }` or a list of them",
      )
      .default([])
      .describe("folders that are fetched before it starts, and stored when it has passed"),
    image: literal("the image's name")
      .default("")
      .describe("the image of a container backend; the agent's own without it"),
  },
  "a step such as `run: make build`",
);

/** An item of `steps` that is a group. */
export const groupSchema = z.strictObject({
  parallel: list(stepSchema, limits.steps, `a list of 1 to ${limits.steps} steps`).describe(
    "steps that run side by side; the next item waits for all of them",
  ),
});

/** `steps`. */
export const steps = list(
  z.union([stepSchema, groupSchema], "a step such as `run: make build`, or `parallel: [...]`"),
  limits.steps,
  `a list of 1 to ${limits.steps} steps`,
);

/** A step of a checked file. */
export type Step = z.output<typeof stepSchema>;
/** An item of `steps` of a checked file. */
export type StepItem = z.output<typeof steps>[number];
/** `env` of a checked file. */
export type Env = z.output<typeof env>;
