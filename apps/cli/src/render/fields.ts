import { paint, type Style } from "../terminal/style.ts";
import { visible } from "../terminal/visible.ts";

/** Names and values, one a line, aligned. Empty values are left out. */
export function renderFields(fields: readonly (readonly [name: string, value: string])[], style: Style): string[] {
  const present = fields.filter(([, value]) => value !== "");
  const width = present.reduce((widest, [name]) => Math.max(widest, name.length), 0);
  return present.map(([name, value]) => `${paint(style, "dim", name.padEnd(width))}  ${visible(value)}`);
}
