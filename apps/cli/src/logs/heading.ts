import { parseGroupMark } from "@groundcrew/engine/log-display";
import { paint, type Style } from "../terminal/style.ts";
import { visible } from "../terminal/visible.ts";

/**
 * How a line that groups others looks on a terminal: the group's name as a heading, or "" for one that only ends or opens
 * a group and is not shown. Undefined for any other line.
 */
export function headingOf(line: Uint8Array, style: Style): string | undefined {
  const mark = parseGroupMark(Buffer.from(line).toString());
  if (mark === undefined) return undefined;
  if (mark.kind !== "start") return "";
  return paint(style, "bold", `${style.unicode ? "▾" : "v"} ${visible(mark.name)}`);
}
