import { limits } from "./limits.ts";
import { type Entry, entriesOf, itemsOf, type Located, valueAt, workflowsOf } from "./located.ts";
import type { Finding } from "./problem.ts";
import { repeats } from "./repeats.ts";
import { dotted } from "./show.ts";

/** One value for each key of a matrix. */
export type Cell = Record<string, string>;

/** The product of a matrix, the last key changing fastest; one empty cell without a matrix. */
export function cellsOf(matrix: Record<string, string[]> = {}): Cell[] {
  let cells: Cell[] = [{}];
  for (const [key, values] of Object.entries(matrix))
    cells = cells.flatMap((cell) => values.map((value) => ({ ...cell, [key]: value })));
  return cells;
}

/** `test (node=26, os=linux)`. Values that could be mistaken for more than one are quoted, so that names stay unique. */
export function cellName(base: string, cell: Cell): string {
  const values = Object.entries(cell).map(([key, value]) => `${key}=${unambiguous(value)}`);
  return values.length === 0 ? base : `${base} (${values.join(", ")})`;
}

function unambiguous(value: string): string {
  return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
}

/** The variable that carries a matrix value to the steps. */
export function matrixVariable(key: string): string {
  return `MATRIX_${key.toUpperCase().replaceAll("-", "_")}`;
}

/** Finds repeated values, keys that share a variable, and more cells or workflows than the limits. */
export function checkMatrices(root: Located): Finding[] {
  const workflows = workflowsOf(root);
  const findings = workflows.flatMap(([base, { value }]) => checkMatrix(base, valueAt(value, "matrix")));
  return [...findings, ...checkTotal(workflows)];
}

function checkMatrix(base: string, matrix: Located | undefined): Finding[] {
  if (matrix?.kind !== "map") return [];
  const path = ["workflows", base, "matrix"];
  const findings = [...repeatedVariables(path, matrix), ...repeatedValues(path, matrix)];
  const cells = countCells(matrix);
  if (cells <= limits.cells) return findings;
  const found = Number.isSafeInteger(cells) ? cells : "far more";
  return [
    ...findings,
    { at: matrix.at, message: `${dotted(path)}: expected at most ${limits.cells} cells, found ${found}` },
  ];
}

/** A matrix that is too large counts as one workflow here: it has a finding of its own. */
function checkTotal(workflows: [base: string, entry: Entry][]): Finding[] {
  const counts = workflows.map(([, { value }]) => countCells(valueAt(value, "matrix")));
  const total = counts.reduce((sum, cells) => sum + (cells > limits.cells ? 1 : cells), 0);
  const [first] = workflows;
  if (!first || total <= limits.workflows) return [];
  const expected = `expected at most ${limits.workflows} workflows, each cell of a matrix counted`;
  return [{ at: first[1].at, message: `workflows: ${expected}, found ${total}` }];
}

function countCells(matrix: Located | undefined): number {
  return entriesOf(matrix).reduce((product, [, { value }]) => product * itemsOf(value).length, 1);
}

function repeatedVariables(path: string[], matrix: Located): Finding[] {
  const keys = entriesOf(matrix).map(([key, { at }]) => ({ text: matrixVariable(key), at }));
  return repeats(`${dotted(path)}: the variable`, keys);
}

function repeatedValues(path: string[], matrix: Located): Finding[] {
  return entriesOf(matrix).flatMap(([key, { value }]) => {
    const texts = itemsOf(value).filter((item) => item.kind === "text");
    return repeats(`${dotted([...path, key])}: the value`, texts);
  });
}
