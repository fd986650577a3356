import { entriesOf, itemsOf, type Located, toData, valueAt } from "../located.ts";
import { type Carrier, filled, nameFrom, textOf, textsOf, uniquely } from "./carrier.ts";
import { expressionFrom } from "./github-expression.ts";
import { stepsFrom } from "./github-steps.ts";
import { variablesFrom } from "./github-variables.ts";
import { conditionsFrom } from "./github-when.ts";

/** A workflow of GitHub Actions as a pipeline file of ours. */
export function fromGithub(carrier: Carrier, root: Located): object {
  carrier.loseOthers(root, ["name", "on", "true", "env", "jobs", "run-name"], "the workflow");
  // A parser of YAML 1.1 reads the key `on` as true, and some write it so.
  const when = conditionsFrom(carrier, valueAt(root, "on") ?? valueAt(root, "true"));
  const { env, secrets } = variablesFrom(carrier, valueAt(root, "env"));
  const jobs = entriesOf(valueAt(root, "jobs"));
  const taken = new Set<string>();
  const names = new Map(jobs.map(([id]) => [id, uniquely(taken, nameFrom(id))]));
  const workflows = jobs.map(([id, { value }]) => {
    const workflow = workflowFrom({ carrier, job: value, names, when });
    return [names.get(id), { ...workflow, ...filled({ secrets: { ...secrets, ...workflow.secrets } }) }];
  });
  return filled({ name: textOf(valueAt(root, "name")), env, workflows: Object.fromEntries(workflows) });
}

interface JobOptions {
  carrier: Carrier;
  job: Located;
  names: ReadonlyMap<string, string>;
  when: object[];
}

const carriedKeys = [
  "runs-on",
  "needs",
  "if",
  "env",
  "strategy",
  "timeout-minutes",
  "container",
  "concurrency",
  "steps",
  "name",
];

function workflowFrom({ carrier, job, names, when }: JobOptions) {
  carrier.loseOthers(job, carriedKeys, "the job");
  const { env, secrets } = variablesFrom(carrier, valueAt(job, "env"));
  const { steps, checkout } = stepsFrom(carrier, job);
  const needs = textsOf(valueAt(job, "needs")).flatMap((id) => names.get(id) ?? []);
  const condition = conditionOf(carrier, valueAt(job, "if"));
  return filled({
    when:
      condition === undefined
        ? when
        : (when.length > 0 ? when : [{}]).map((one) => ({ ...one, expression: condition })),
    labels: labelsFrom(carrier, valueAt(job, "runs-on")),
    depends_on: needs,
    matrix: matrixFrom(carrier, valueAt(job, "strategy")),
    timeout: minutes(valueAt(job, "timeout-minutes")),
    concurrency: concurrencyFrom(carrier, valueAt(job, "concurrency")),
    env,
    secrets,
    checkout,
    steps,
  });
}

/** Before a job runs nothing is known of the others. */
function conditionOf(carrier: Carrier, value: Located | undefined): string | undefined {
  const text = textOf(value);
  if (value === undefined || text === undefined) return undefined;
  const expression = /\b(?:needs|steps|always|failure|success|cancelled)\b/.test(text)
    ? undefined
    : expressionFrom(text);
  if (expression === undefined)
    carrier.lose(
      value,
      `\`if: ${text}\` of a job is not carried; see \`when\` and \`depends_on: [{ workflow: NAME, on: always }]\``,
    );
  return expression;
}

const labelsByWord: Record<string, Record<string, string>> = {
  linux: { os: "linux" },
  windows: { os: "windows" },
  macos: { os: "macos" },
  ubuntu: { os: "linux" },
  x64: { arch: "amd64" },
  arm64: { arch: "arm64" },
};

function labelsFrom(carrier: Carrier, runsOn: Located | undefined): Record<string, string> {
  const labels: Record<string, string> = {};
  const words = itemsOf(runsOn);
  for (const item of words.length > 0 ? words : runsOn ? [runsOn] : []) {
    const text = textOf(item) ?? "";
    const known = labelsByWord[/^(?:ubuntu|windows|macos)(?=-)/.exec(text)?.[0] ?? text.toLowerCase()];
    Object.assign(labels, known);
    if (!known && text !== "self-hosted")
      carrier.lose(item, `\`runs-on\` is not carried: say by \`labels\` what an agent must have`);
  }
  return labels;
}

function matrixFrom(carrier: Carrier, strategy: Located | undefined): object | undefined {
  carrier.loseOthers(strategy, ["matrix"], "the strategy");
  const matrix = valueAt(strategy, "matrix");
  if (matrix?.kind !== "map") {
    if (matrix) carrier.lose(matrix, "a matrix that is computed is not carried");
    return undefined;
  }
  const entries = entriesOf(matrix).filter(([key, { value }]) => {
    const plain = itemsOf(value).every(
      (item) => item.kind === "text" || (item.kind === "map" && key.endsWith("clude")),
    );
    if (!plain || value.kind !== "list")
      carrier.lose(value, `\`${key}\` of the matrix is not carried: it is no list of texts`);
    return plain && value.kind === "list";
  });
  return Object.fromEntries(entries.map(([key, { value }]) => [key, toData(value)]));
}

function concurrencyFrom(carrier: Carrier, value: Located | undefined): object | undefined {
  if (!value) return undefined;
  const text = textOf(valueAt(value, "group") ?? value);
  if (text === undefined || text.includes("${{")) {
    carrier.lose(value, "the concurrency group is not carried: it is computed; see `group: { from: EXPRESSION }`");
    return undefined;
  }
  const cancels = textOf(valueAt(value, "cancel-in-progress")) === "true";
  return { group: text, ...(cancels && { when_full: "cancel_previous" }) };
}

/** At most a day. */
export function minutes(value: Located | undefined): string | undefined {
  const count = Math.ceil(Number(textOf(value)));
  return count >= 1 ? `${Math.min(count, 24 * 60)}m` : undefined;
}
