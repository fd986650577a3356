import type { SearchLogsResponse } from "@groundcrew/proto";
import { paint, type Style } from "../terminal/style.ts";
import { visible, visibleLog } from "../terminal/visible.ts";
import { nameOf } from "./print.ts";

/** How a match is printed. */
export interface MatchLook {
  style: Style;
  /** Whether a terminal reads it: then control characters are made visible. */
  terminal: boolean;
  /** Put a line between it and the one before. */
  apart: boolean;
}

/** The bytes of a match: `workflow/step:LINE: text`, and the lines around it with a dash instead of the colons. */
export function renderMatch(match: SearchLogsResponse, { style, terminal, apart }: MatchLook): Buffer {
  const name = nameOf(match.workflowName, match.stepRun?.step);
  const row = (text: Uint8Array, index: number, mark: string): Buffer => {
    const place = paint(style, "cyan", `${visible(name)}${mark}${index + 1}${mark}`);
    const shown = terminal ? Buffer.from(visibleLog(text, style.colour)) : text;
    return Buffer.concat([Buffer.from(`${place} `), shown, Buffer.from("\n")]);
  };
  const from = match.line - match.before.length;
  return Buffer.concat([
    Buffer.from(apart ? "--\n" : ""),
    ...match.before.map((text, index) => row(text, from + index, "-")),
    row(match.text, match.line, ":"),
    ...match.after.map((text, index) => row(text, match.line + 1 + index, "-")),
  ]);
}
