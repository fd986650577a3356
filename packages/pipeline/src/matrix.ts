import type { Matrix } from "./schema.ts";

/** One value for each key of a matrix. */
export type Cell = Record<string, string>;

/**
 * The cells of a matrix, the last key changing fastest; one empty cell without a matrix. `exclude` takes away the
 * cells that have its values. Then each item of `include` extends the cells whose values it does not change; where
 * there are none, it is a cell of its own.
 */
export function cellsOf(matrix: Matrix = {}): Cell[] {
  const { include = [], exclude = [], ...lists } = matrix;
  const product = Object.keys(lists).length === 0 && include.length > 0 ? [] : productOf(lists);
  const kept = product.filter((cell) => !exclude.some((values) => has(cell, values)));
  const added: Cell[] = [];
  const cells = kept.map((own) => ({ own, cell: own }));
  for (const values of include) {
    const extended = cells.filter(({ own }) => agrees(own, values));
    for (const each of extended) each.cell = { ...each.cell, ...values };
    if (extended.length === 0) added.push({ ...values });
  }
  return [...cells.map(({ cell }) => cell), ...added];
}

function productOf(lists: Record<string, string[]>): Cell[] {
  let cells: Cell[] = [{}];
  for (const [key, values] of Object.entries(lists))
    cells = cells.flatMap((cell) => values.map((value) => ({ ...cell, [key]: value })));
  return cells;
}

function has(cell: Cell, values: Cell): boolean {
  return Object.entries(values).every(([key, value]) => cell[key] === value);
}

function agrees(cell: Cell, values: Cell): boolean {
  return Object.entries(values).every(([key, value]) => !Object.hasOwn(cell, key) || cell[key] === value);
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
