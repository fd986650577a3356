import { limits } from "./limits.ts";

/** One thing wrong in a pipeline file. */
export interface PlanProblem {
  /** As given to `planPipeline`. */
  path: string;
  /** Counted from 1. */
  line: number;
  /** Counted from 1, in UTF-16 code units as editors do. */
  column: number;
  /** One line of text: what is wrong, what was found and what is expected. */
  message: string;
}

/** A place in a file; both numbers count from 1. */
export interface Position {
  /** As given to `planPipeline`. */
  path: string;
  line: number;
  column: number;
}

/** A problem that is not yet sorted among the others. */
export interface Finding {
  at: Position;
  message: string;
}

/** `path:line:column: message`, the form editors and CI recognise. */
export function formatProblem(problem: PlanProblem): string {
  return `${problem.path}:${problem.line}:${problem.column}: ${problem.message}`;
}

/** The findings as problems: in the order of the files, without repeats, at most `limits.problems` and a closing count. */
export function toProblems(paths: readonly string[], findings: Finding[]): PlanProblem[] {
  const unique = new Map(findings.map((finding) => [keyOf(finding), finding]));
  const order = new Map(paths.map((path, index) => [path, index]));
  const place = ({ at }: Finding) => order.get(at.path) ?? 0;
  const sorted = [...unique.values()].toSorted((a, b) => place(a) - place(b) || byPosition(a, b));
  const shown = sorted.slice(0, limits.problems);
  const next = sorted[limits.problems];
  if (next) shown.push({ at: next.at, message: `${sorted.length - limits.problems} more problems are not shown` });
  return shown.map(({ at, message }) => ({ ...at, message }));
}

function byPosition(a: Finding, b: Finding): number {
  return a.at.line - b.at.line || a.at.column - b.at.column;
}

function keyOf({ at, message }: Finding): string {
  return `${at.path}:${at.line}:${at.column}:${message}`;
}
