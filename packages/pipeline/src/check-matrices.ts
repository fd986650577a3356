import { limits } from "./limits.ts";
import { type Entry, entriesOf, itemsOf, type Located, valueAt, workflowsOf } from "./located.ts";
import { cellName, cellsOf, matrixVariable } from "./matrix.ts";
import { didYouMean } from "./nearest.ts";
import type { Finding } from "./problem.ts";
import { repeats } from "./repeats.ts";
import type { Matrix } from "./schema.ts";
import { dotted, quote } from "./show.ts";

/** The matrix of a workflow that need not be right. */
interface Asked {
  path: string[];
  matrix: Located;
  lists: [key: string, entry: Entry][];
}

/** Finds repeated values and cells, keys that share a variable or are none, and more cells or workflows than the limits. */
export function checkMatrices(roots: readonly Located[]): Finding[] {
  const workflows = roots.flatMap(workflowsOf);
  const findings = workflows.flatMap(([base, { value }]) => checkMatrix(base, valueAt(value, "matrix")));
  return [...findings, ...checkTotal(workflows)];
}

function checkMatrix(base: string, matrix: Located | undefined): Finding[] {
  if (matrix?.kind !== "map") return [];
  const asked: Asked = { path: ["workflows", base, "matrix"], matrix, lists: listsOf(matrix) };
  const findings = [...sharedVariables(asked), ...repeatedValues(asked), ...unknownExclusions(asked)];
  // Values that repeat make cells that do.
  return findings.length > 0 ? findings : wrongCells(asked);
}

/** Without `include` and `exclude`. */
function listsOf(matrix: Located): [key: string, entry: Entry][] {
  return entriesOf(matrix).filter(([key]) => key !== "include" && key !== "exclude");
}

function wrongCells({ path, matrix }: Asked): Finding[] {
  const where = `${dotted(path)}: expected`;
  const count = countCells(matrix);
  const found = Number.isSafeInteger(count) ? count : "far more";
  if (count > limits.cells)
    return [{ at: matrix.at, message: `${where} at most ${limits.cells} cells, found ${found}` }];
  const cells = cellsOf(textsOf(matrix));
  if (cells.length === 0 && count > 0)
    return [{ at: matrix.at, message: `${where} a cell that is not excluded, found none` }];
  const names = cells.map((cell) => ({ text: cellName("", cell).trim(), at: matrix.at }));
  return repeats(`${dotted(path)}: the cell`, names);
}

/** A matrix that is too large counts as one workflow here: it has a finding of its own. */
function checkTotal(workflows: [base: string, entry: Entry][]): Finding[] {
  const total = workflows.reduce((sum, [, { value }]) => sum + cellsWithin(valueAt(value, "matrix")), 0);
  const [first] = workflows;
  if (!first || total <= limits.workflows) return [];
  const expected = `expected at most ${limits.workflows} workflows, each cell of a matrix counted`;
  return [{ at: first[1].at, message: `workflows: ${expected}, found ${total}` }];
}

function cellsWithin(matrix: Located | undefined): number {
  if (matrix?.kind !== "map") return 1;
  return countCells(matrix) > limits.cells ? 1 : cellsOf(textsOf(matrix)).length;
}

/** Before any is taken away or falls together: what the making of the cells may cost. */
function countCells(matrix: Located): number {
  const lists = listsOf(matrix);
  const product = lists.reduce((cells, [, { value }]) => cells * itemsOf(value).length, lists.length === 0 ? 0 : 1);
  return product + itemsOf(valueAt(matrix, "include")).length;
}

/** What of a matrix that need not be right is of its form. */
function textsOf(matrix: Located): Matrix {
  const lists = listsOf(matrix).map(([key, { value }]) => [key, itemsOf(value).flatMap(textOf)]);
  const cells = (key: string) =>
    itemsOf(valueAt(matrix, key))
      .map(cellAt)
      .filter((cell) => Object.keys(cell).length > 0);
  return { ...Object.fromEntries(lists), include: cells("include"), exclude: cells("exclude") };
}

function cellAt(cell: Located): Record<string, string> {
  return Object.fromEntries(entriesOf(cell).flatMap(([key, { value }]) => textOf(value).map((text) => [key, text])));
}

function textOf(value: Located): string[] {
  return value.kind === "text" ? [value.text] : [];
}

/** Two keys that differ, such as `a-b` and `A_B`, would fill one variable. */
function sharedVariables({ path, matrix, lists }: Asked): Finding[] {
  const included = itemsOf(valueAt(matrix, "include")).flatMap(entriesOf);
  const keys = new Map([...included, ...lists].map(([key, { at }]) => [key, { text: matrixVariable(key), at }]));
  return repeats(`${dotted(path)}: the variable`, [...keys.values()]);
}

function repeatedValues({ path, lists }: Asked): Finding[] {
  return lists.flatMap(([key, { value }]) => {
    const texts = itemsOf(value).filter((item) => item.kind === "text");
    return repeats(`${dotted([...path, key])}: the value`, texts);
  });
}

/** An exclusion that takes nothing away is a slip. */
function unknownExclusions({ path, matrix, lists }: Asked): Finding[] {
  const known = new Map(lists.map(([key, { value }]) => [key, itemsOf(value).flatMap(textOf)]));
  return itemsOf(valueAt(matrix, "exclude")).flatMap((cell, index) =>
    entriesOf(cell).flatMap(([key, { at, value }]) => {
      const where = dotted([...path, "exclude", index]);
      const values = known.get(key);
      if (!values) return [unknown(at, `${where}: expected a key of this matrix`, key, [...known.keys()])];
      const [text] = textOf(value);
      if (text === undefined || values.includes(text)) return [];
      return [unknown(value.at, `${where}.${key}: expected a value of this matrix`, text, values)];
    }),
  );
}

function unknown(at: Finding["at"], expected: string, found: string, names: string[]): Finding {
  return { at, message: `${expected}, found ${quote(found)}${didYouMean(found, names)}` };
}
