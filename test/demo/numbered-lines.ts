/** The workflow of the pipeline that prints numbered lines, and its step. */
export const LINES_WORKFLOW = "lines";
export const LINES_STEP = "count";

/** What a log of numbered lines holds. */
export interface Count {
  /** Lines from the first one on that are as they should be: 1, 2, 3 and so on, each once. */
  inOrder: number;
  /** How many there are in all, as each of them says. */
  announced: number;
  /** The first line that is not as it should be. */
  wrong?: string;
}

/** Counts lines `line 1 of 4000`, `line 2 of 4000`, … up to the first that is missing, doubled or out of place. */
export function countLines(lines: readonly string[]): Count {
  const announced = Number(/^line \d+ of (\d+)$/.exec(lines[0] ?? "")?.[1] ?? 0);
  const at = lines.findIndex((line, index) => line !== `line ${index + 1} of ${announced}`);
  if (at === -1) return { inOrder: lines.length, announced };
  return { inOrder: at, announced, wrong: lines[at] ?? "" };
}
