import { paint, type Paint } from "../terminal/style.ts";
import { visible } from "../terminal/visible.ts";
import { displayWidth, fit, truncate } from "../terminal/width.ts";
import { symbolOf, type Look } from "./looks.ts";
import type { View } from "./view.ts";

/** One line of a tree: symbol, name, state, duration, note. */
export interface Row {
  /** 0 for a workflow, 1 for its steps. */
  depth: number;
  name: string;
  look: Look;
  /** Turns its symbol in a live view. */
  active: boolean;
  duration: string;
  note: string;
  noteLook: Paint;
}

// The longest state word and duration: "succeeded", "59m 59s".
const STATE_WIDTH = 9;
const DURATION_WIDTH = 7;
/** What stands beside the name: symbol, state, duration and the gaps between them. */
const BESIDE_NAME = STATE_WIDTH + DURATION_WIDTH + 7;
/** Below this width there is no room for the columns beside the name. */
const NARROW = 40;

/** Columns the names of these rows take, at most half of the view. */
export function nameWidth(rows: Row[], view: View): number {
  const longest = rows.reduce((width, row) => Math.max(width, row.depth * 2 + displayWidth(visible(row.name))), 0);
  const half = Math.min(Math.floor(view.width / 2), view.width - BESIDE_NAME);
  const room = view.width < NARROW ? view.width - 3 : half;
  return Math.min(longest, room);
}

/** Draws one row with its name fitted to `width` columns. */
export function renderRow(row: Row, width: number, view: View): string {
  const indent = "  ".repeat(row.depth);
  const symbol = symbolOf(row.look, view, row.active && view.live === true);
  const name = fit(visible(row.name), Math.max(1, width - indent.length));
  const head = ` ${indent}${symbol} ${name}`;
  if (view.width < NARROW) return head.trimEnd();
  const state = paint(view.style, row.look.colour, fit(row.look.word, STATE_WIDTH));
  const columns = `${head}  ${state}  ${fit(row.duration, DURATION_WIDTH, "right")}`;
  const room = view.width - width - BESIDE_NAME - 2;
  const note = truncate(visible(row.note), Math.max(0, room));
  return `${columns}  ${paint(view.style, row.noteLook, note)}`.trimEnd();
}
