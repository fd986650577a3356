import { paint, type Paint, type Style } from "./style.ts";
import { visible } from "./visible.ts";
import { displayWidth, fit } from "./width.ts";

/** One column: its title, and whether it gives way first when the terminal is narrow. */
export interface Column {
  title: string;
  /** Shrinks when the lines would be wider than the terminal. Default: false. */
  flexible?: boolean;
  align?: "left" | "right";
}

/** One cell: plain text, with a look if it has one. */
export type Cell = string | { text: string; look: Paint };

const GAP = "  ";
/** A flexible column never shrinks below this. */
const MIN_FLEXIBLE_WIDTH = 8;

/**
 * Lays out a table as lines. Cells are made safe to print. With `width` (a terminal's columns) the flexible columns
 * shrink to fit; without, every cell is whole.
 */
export function renderTable(columns: Column[], rows: Cell[][], options: { style: Style; width?: number }): string[] {
  const safe = rows.map((row) => row.map(toCell));
  const widths = shrink(columns, naturalWidths(columns, safe), options.width);
  const head = columns.map(({ title }) => ({ text: title, look: "dim" as const }));
  return [head, ...safe].map((row) => renderRow(row, columns, widths, options.style));
}

function toCell(cell: Cell): { text: string; look: Paint } {
  const { text, look } = typeof cell === "string" ? { text: cell, look: "none" as const } : cell;
  return { text: visible(text), look };
}

function naturalWidths(columns: Column[], rows: { text: string }[][]): number[] {
  return columns.map(({ title }, index) =>
    rows.reduce((widest, row) => Math.max(widest, displayWidth(row[index]?.text ?? "")), title.length),
  );
}

function shrink(columns: Column[], natural: number[], width: number | undefined): number[] {
  const widths = [...natural];
  if (width === undefined) return widths;
  let excess = widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1)) - width;
  while (excess > 0) {
    const widest = widestFlexible(columns, widths);
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

function widestFlexible(columns: Column[], widths: number[]): number | undefined {
  const candidates = widths
    .map((width, index) => ({ width, index }))
    .filter(({ width, index }) => columns[index]?.flexible && width > MIN_FLEXIBLE_WIDTH);
  return candidates.toSorted((a, b) => b.width - a.width)[0]?.index;
}

function renderRow(row: { text: string; look: Paint }[], columns: Column[], widths: number[], style: Style): string {
  const last = row.length - 1;
  const cells = row.map(({ text, look }, index) => {
    const fitted = fit(text, widths[index] ?? 0, columns[index]?.align);
    return paint(style, look, index === last ? fitted.trimEnd() : fitted);
  });
  return cells.join(GAP).trimEnd();
}
