import { itemsOf, type Located, valueAt } from "../located.ts";
import { type Carrier, filled, nameFrom, textOf, uniquely } from "./carrier.ts";
import { expressionFrom } from "./github-expression.ts";
import { commandFrom, variablesFrom } from "./github-variables.ts";
import { minutes } from "./github.ts";

interface Written {
  steps: Record<string, unknown>[];
  checkout?: unknown;
}

/** The steps of a job: commands, and of actions those that our format says by a key. */
export function stepsFrom(carrier: Carrier, job: Located): Written {
  const written: Written = { steps: [] };
  const image = imageOf(valueAt(job, "container"));
  const names = new Set<string>();
  for (const step of itemsOf(valueAt(job, "steps"))) {
    const uses = textOf(valueAt(step, "uses"));
    const run = valueAt(step, "run");
    if (uses !== undefined) carryAction(carrier, { uses, step, written });
    else if (run?.kind === "text")
      written.steps.push({ ...commandStep(carrier, step, run, names), ...filled({ image }) });
  }
  if (written.steps.length === 0) written.steps.push({ name: "nothing", run: "true" });
  return written;
}

const stepKeys = [
  "name",
  "id",
  "run",
  "shell",
  "env",
  "if",
  "timeout-minutes",
  "continue-on-error",
  "working-directory",
];

function commandStep(carrier: Carrier, step: Located, run: Located & { kind: "text" }, names: Set<string>) {
  carrier.loseOthers(step, stepKeys, "the step");
  const label = textOf(valueAt(step, "id")) ?? textOf(valueAt(step, "name"));
  const variables = variablesFrom(carrier, valueAt(step, "env"));
  const folder = textOf(valueAt(step, "working-directory"));
  const command = folder === undefined ? run.text : `cd ${JSON.stringify(folder)}\n${run.text}`;
  const shell = textOf(valueAt(step, "shell"));
  if (shell !== undefined && shell !== "sh" && shell !== "bash")
    carrier.lose(step, `the shell ${shell} is not carried`);
  const text = withOurNames(carrier, run, commandFrom(carrier, run, command, variables));
  return filled({
    name: label === undefined ? undefined : uniquely(names, nameFrom(label)),
    run: text,
    shell: shell === "sh" ? "sh" : "bash",
    if: conditionFrom(carrier, valueAt(step, "if")),
    timeout: minutes(valueAt(step, "timeout-minutes")),
    continue_on_error: textOf(valueAt(step, "continue-on-error")) === "true" ? true : undefined,
    outputs: outputsIn(text),
    env: variables.env,
    secrets: variables.secrets,
  });
}

const variablesByName: Record<string, string> = {
  GITHUB_OUTPUT: "GROUNDCREW_OUTPUT",
  GITHUB_SHA: "GROUNDCREW_COMMIT",
  GITHUB_REF_NAME: "GROUNDCREW_BRANCH",
};

/** The variables that GitHub gives each step, by their names here. */
function withOurNames(carrier: Carrier, at: Located, command: string): string {
  return command.replace(/\bGITHUB_[A-Z_]+\b/g, (name) => {
    const ours = variablesByName[name];
    if (ours === undefined) carrier.lose(at, `the variable ${name} does not exist here`);
    return ours ?? name;
  });
}

/** `echo "name=value" >> "$GITHUB_OUTPUT"` names its outputs nowhere else. */
function outputsIn(run: string): string[] {
  const names = [...run.matchAll(/\b([A-Za-z_]\w*)=[^\n]*GROUNDCREW_OUTPUT/g)].map(([, name = ""]) => name);
  return [...new Set(names)];
}

function conditionFrom(carrier: Carrier, value: Located | undefined): string | undefined {
  const text = textOf(value);
  if (value === undefined || text === undefined) return undefined;
  const expression = expressionFrom(text);
  if (expression === undefined)
    carrier.lose(value, `\`if: ${text}\` is not carried: the step runs where all before it passed`);
  // There, a condition that does not ask how it stands means: and all before it passed.
  const asks = expression === undefined || /\b(?:success|failure|canceled|always)\(\)/.test(expression);
  return asks ? expression : `success() && (${expression})`;
}

function carryAction(
  carrier: Carrier,
  { uses, step, written }: { uses: string; step: Located; written: Written },
): void {
  const action = uses.replace(/@.*$/s, "");
  const settings = valueAt(step, "with");
  if (action === "actions/checkout") return void (written.checkout = checkoutFrom(carrier, settings));
  const last = written.steps.at(-1);
  const name = textOf(valueAt(settings, "name"));
  const paths = (textOf(valueAt(settings, "path")) ?? "").split("\n").filter((path) => /^[^/~!$]+[^$]*$/.test(path));
  if (
    action === "actions/upload-artifact" &&
    last &&
    name &&
    /^[\w.-]+$/.test(name) &&
    paths.length > 0 &&
    !last["artifacts"]
  )
    return void (last["artifacts"] = [{ name, paths }]);
  carrier.lose(step, `\`uses: ${uses}\` is not carried: there are no actions; write the commands that it runs`);
}

function checkoutFrom(carrier: Carrier, settings: Located | undefined): unknown {
  carrier.loseOthers(settings, ["fetch-depth", "submodules"], "actions/checkout");
  const depth = textOf(valueAt(settings, "fetch-depth"));
  const submodules = textOf(valueAt(settings, "submodules"));
  const written = filled({ depth, submodules: /^(?:true|recursive)$/.test(submodules ?? "") ? true : undefined });
  return Object.keys(written).length === 0 ? true : written;
}

function imageOf(container: Located | undefined): string | undefined {
  const image = textOf(valueAt(container, "image") ?? container);
  return image?.includes("${{") ? undefined : image;
}
