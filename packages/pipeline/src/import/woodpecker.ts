import { basename } from "node:path/posix";
import { entriesOf, itemsOf, type Located, toData, valueAt } from "../located.ts";
import { type Carrier, filled, nameFrom, textOf, textsOf } from "./carrier.ts";
import { servicesFrom, stepsFrom } from "./woodpecker-steps.ts";
import { conditionsFrom } from "./woodpecker-when.ts";

const carriedKeys = ["when", "steps", "pipeline", "services", "matrix", "labels", "clone", "skip_clone", "variables"];

/** A workflow of Woodpecker as a pipeline file of ours. */
export function fromWoodpecker(carrier: Carrier, root: Located, path: string): object {
  carrier.loseOthers(root, carriedKeys, "the workflow");
  const matrix = matrixFrom(valueAt(root, "matrix"));
  const keys = new Set([...Object.keys(matrix ?? {}), ...included(matrix)].filter((key) => key !== "include"));
  const steps = [
    ...servicesFrom(carrier, valueAt(root, "services")),
    ...stepsFrom(carrier, valueAt(root, "steps") ?? valueAt(root, "pipeline")),
  ];
  const workflow = filled({
    when: conditionsFrom(carrier, valueAt(root, "when")),
    labels: labelsFrom(carrier, valueAt(root, "labels")),
    matrix,
    // There, a value of the matrix is a variable of its own name.
    env: Object.fromEntries([...keys].map((key) => [key, { from: `matrix[${JSON.stringify(key)}]` }])),
    checkout: checkoutFrom(root),
    steps: steps.length > 0 ? steps : [{ name: "nothing", run: "true" }],
  });
  return { workflows: { [workflowName(path)]: workflow } };
}

function workflowName(path: string): string {
  const name = basename(path)
    .replace(/\.ya?ml$/, "")
    .replace(/^\./, "");
  return name === "woodpecker" ? "build" : nameFrom(name);
}

interface WrittenMatrix {
  include?: Record<string, unknown>[];
  [key: string]: unknown;
}

function matrixFrom(matrix: Located | undefined): WrittenMatrix | undefined {
  return matrix?.kind === "map" ? (toData(matrix) as WrittenMatrix) : undefined;
}

function included(matrix: WrittenMatrix | undefined): string[] {
  return Array.isArray(matrix?.include) ? matrix.include.flatMap((cell) => Object.keys(cell)) : [];
}

function labelsFrom(carrier: Carrier, labels: Located | undefined): Record<string, string> {
  return Object.fromEntries(
    entriesOf(labels).flatMap(([key, { value }]) => {
      const text = textOf(value);
      if (text !== undefined && !text.includes("${")) return [[key, text]];
      carrier.lose(value, `the label ${key} is not carried: nothing is filled in; see \`{ from: EXPRESSION }\``);
      return [];
    }),
  );
}

/** Woodpecker fetches the source unless told not to. */
function checkoutFrom(root: Located): unknown {
  if (textOf(valueAt(root, "skip_clone")) === "true") return undefined;
  const clone = valueAt(root, "clone");
  const settings = valueAt(itemsOf(clone)[0] ?? valueAt(clone, "git"), "settings");
  const depth = textsOf(valueAt(settings, "depth"))[0];
  return depth === undefined ? true : { depth };
}
