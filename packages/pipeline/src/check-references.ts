import { parentsOf } from "./dependencies.ts";
import type { ExistingWorkflows } from "./existing.ts";
import { referencesOf } from "./expression.ts";
import type { Reference } from "./expression-references.ts";
import { entriesOf, type Located, itemsOf, oneOrMoreOf, stepsOf, valueAt, workflowsOf } from "./located.ts";
import { didYouMean } from "./nearest.ts";
import type { Finding } from "./problem.ts";
import { dotted, quote } from "./show.ts";
import { nameOf } from "./step-names.ts";

/** Names and their outputs; undefined: what it hands on is not known here. */
type Known = ReadonlyMap<string, readonly string[] | undefined>;

/** What may be read in an expression, and the words for it. */
interface Readable {
  path: PropertyKey[];
  steps: Known;
  workflows: Known;
  matrix: Known;
}

/** Finds what expressions read that is not there: steps that are not before, workflows that are not waited for, outputs. */
export function checkReferences(roots: readonly Located[], existing: ExistingWorkflows): Finding[] {
  const workflows = new Map(roots.flatMap(workflowsOf).map(([base, { value }]) => [base, value]));
  const own = [...workflows].map(([base, workflow]) => [base, workflowOutputs(workflow)] as const);
  const outputs: Known = new Map([...[...existing.keys()].map((base) => [base, undefined] as const), ...own]);
  return [...workflows].flatMap(([base, workflow]) => checkWorkflow(base, workflow, outputs));
}

function checkWorkflow(base: string, workflow: Located, outputs: Known): Finding[] {
  const steps = stepsOf(workflow);
  const before = new Map<string, string[]>();
  const parents = parentsOf(workflow).map(({ text }) => [text, outputs.has(text) ? outputs.get(text) : []] as const);
  const readable = {
    path: ["workflows", base],
    workflows: new Map(parents),
    matrix: matrixKeys(workflow),
    steps: before,
  };
  const planned = { ...readable, workflows: new Map(), steps: new Map() };
  const findings = plannedExpressions(workflow).flatMap((each) => check(each, planned));
  for (const [index, step] of steps.entries()) {
    const inSteps = { ...readable, path: [...readable.path, "steps", index] };
    findings.push(...expressionsOf(step).flatMap((each) => check(each, inSteps)));
    before.set(nameOf(step, index).text, textsOf(valueAt(step, "outputs")));
  }
  const anywhere = { ...readable, path: [...readable.path, "env"] };
  return [...findings, ...computedIn(valueAt(workflow, "env")).flatMap((each) => check(each, anywhere))];
}

function check(expression: Located, readable: Readable): Finding[] {
  if (expression.kind !== "text") return [];
  return referencesOf(expression.text).flatMap((reference) => {
    const message = wrongWith(reference, readable[reference.of]);
    return message ? [{ at: expression.at, message: `${dotted(readable.path)}: ${message}` }] : [];
  });
}

const expected = {
  steps: "a step before this one",
  workflows: "a workflow in its `depends_on`",
  matrix: "a key of its matrix",
};

function wrongWith({ of, name, output }: Reference, known: Known): string | undefined {
  const outputs = known.get(name);
  if (!known.has(name))
    return `expected ${expected[of]} in \`${of}.\`, found ${quote(name)}${didYouMean(name, known.keys())}`;
  if (output === undefined || !outputs || outputs.includes(output)) return undefined;
  return `expected one of the \`outputs\` of ${quote(name)}, found ${quote(output)}${didYouMean(output, outputs)}`;
}

/** Those that are answered before anything runs. */
function plannedExpressions(workflow: Located): Located[] {
  const conditions = oneOrMoreOf(valueAt(workflow, "when")).map((condition) => valueAt(condition, "expression"));
  const group = valueAt(valueAt(valueAt(workflow, "concurrency"), "group"), "from");
  return [...conditions, group, ...computedIn(valueAt(workflow, "labels"))].filter((value) => value !== undefined);
}

function expressionsOf(step: Located): Located[] {
  const caches = oneOrMoreOf(valueAt(step, "cache"));
  const names = caches.flatMap((cache) => [valueAt(cache, "key"), ...oneOrMoreOf(valueAt(cache, "restore_keys"))]);
  const condition = valueAt(step, "if");
  return [condition, ...computedIn(valueAt(step, "env")), ...names].filter((value) => value !== undefined);
}

function computedIn(env: Located | undefined): Located[] {
  return entriesOf(env).flatMap(([, { value }]) => valueAt(value, "from") ?? []);
}

function matrixKeys(workflow: Located): Known {
  const matrix = valueAt(workflow, "matrix");
  const lists = entriesOf(matrix).filter(([key]) => key !== "include" && key !== "exclude");
  const included = itemsOf(valueAt(matrix, "include")).flatMap(entriesOf);
  return new Map([...lists, ...included].map(([key]) => [key, []]));
}

function workflowOutputs(workflow: Located): string[] {
  return stepsOf(workflow).flatMap((step) => textsOf(valueAt(step, "outputs")));
}

function textsOf(value: Located | undefined): string[] {
  return oneOrMoreOf(value).flatMap((item) => (item.kind === "text" ? [item.text] : []));
}
