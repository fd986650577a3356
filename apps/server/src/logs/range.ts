import type { TailLogsRequest } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";

/** Which lines of each step run are wanted. */
export interface LineRange {
  /** The first. */
  fromLine: number;
  /** The one after the last: Infinity for all there are. */
  untilLine: number;
  /** Begin so many lines before the end instead. 0: at `fromLine`. */
  lastLines: number;
}

/** The range that a request asks for. Throws INVALID_ARGUMENT for one that contradicts itself. */
export function rangeOf({ fromLine, untilLine, lastLines }: TailLogsRequest): LineRange {
  if (lastLines > 0 && (fromLine > 0 || untilLine > 0))
    throw invalidField("last_lines", lastLines, "0 beside from_line or until_line");
  if (untilLine > 0 && untilLine <= fromLine)
    throw invalidField("until_line", untilLine, `0, or more than from_line, which is ${fromLine}`);
  return { fromLine, untilLine: untilLine === 0 ? Infinity : untilLine, lastLines };
}
