import { limits } from "./limits.ts";
import { type Located, oneOrMoreOf, valueAt, workflowsOf } from "./located.ts";
import type { Finding } from "./problem.ts";

/** Finds more patterns of paths in the `when` of all workflows than may be held against changed files. */
export function checkPathPatterns(roots: readonly Located[]): Finding[] {
  const patterns = roots.flatMap(workflowsOf).flatMap(([, { value }]) => patternsOf(value));
  const beyond = patterns[limits.pathPatterns];
  if (!beyond) return [];
  const expected = `expected at most ${limits.pathPatterns} patterns of paths in all \`when\` together`;
  return [{ at: beyond.at, message: `workflows: ${expected}, found ${patterns.length}` }];
}

function patternsOf(workflow: Located): Located[] {
  return oneOrMoreOf(valueAt(workflow, "when")).flatMap((condition) => {
    const path = valueAt(condition, "path");
    if (path?.kind !== "map") return oneOrMoreOf(path);
    return [...oneOrMoreOf(valueAt(path, "include")), ...oneOrMoreOf(valueAt(path, "exclude"))];
  });
}
