import type { z } from "zod";
import { hintFor } from "./hints.ts";
import { keysOf, levelOf } from "./levels.ts";
import { type Located, locate, toData } from "./located.ts";
import { didYouMean } from "./nearest.ts";
import type { Finding } from "./problem.ts";
import { fileSchema, type PipelineFile } from "./schema.ts";
import { describe, dotted, quote } from "./show.ts";

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** Checks a file against the schema: the file with its defaults, or where it differs from the schema. */
export function checkShape(root: Located): { file?: PipelineFile; findings: Finding[] } {
  const result = fileSchema.safeParse(toData(root));
  if (result.success) return { file: result.data, findings: [] };
  return { findings: result.error.issues.flatMap((issue) => explain(root, issue, issue.path)) };
}

function explain(root: Located, issue: Issue, path: Path): Finding[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(root, path, key));
  if (issue.code === "custom" && issue.params?.["key"]) return [wrongKey(root, path, issue.message)];
  if (issue.code === "invalid_union") {
    const branch = closestBranch(issue.errors);
    if (branch) return branch.flatMap((inner) => explain(root, inner, [...path, ...inner.path]));
  }
  return [wrongValue(root, path, issue.message)];
}

/** The branch of a union that the value chose by its type, if any: of several mappings the one whose keys it has. */
function closestBranch(branches: readonly Issue[][]): Issue[] | undefined {
  const fitting = branches.filter((issues) =>
    issues.every(({ code, path }) => code !== "invalid_type" || path.length > 0),
  );
  return fitting.toSorted((a, b) => foreignKeys(a) - foreignKeys(b))[0];
}

/** How many keys a mapping has that do not belong there, and lacks that do. */
function foreignKeys(issues: readonly Issue[]): number {
  const counts = issues.map((issue) => {
    if (issue.code === "unrecognized_keys") return issue.keys.length;
    return issue.code === "invalid_type" && issue.path.length === 1 ? 1 : 0;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

function wrongValue(root: Located, path: Path, expected: string): Finding {
  const { at, value } = locate(root, path);
  if (value) return { at, message: `${prefix(path)}expected ${expected}, found ${describe(value)}` };
  return { at, message: `${prefix(path.slice(0, -1))}${String(path.at(-1))} is missing: expected ${expected}` };
}

function wrongKey(root: Located, path: Path, expected: string): Finding {
  const found = quote(String(path.at(-1)));
  return { at: locate(root, path).keyAt, message: `${prefix(path.slice(0, -1))}expected ${expected}, found ${found}` };
}

function unknownKey(root: Located, path: Path, key: string): Finding {
  const level = levelOf(root, path);
  const keys = keysOf(level);
  const hint = hintFor(level, key);
  const advice = hint ? `; ${hint}` : didYouMean(key, keys) || `; ${article(level)} has ${keys.join(", ")}`;
  return { at: locate(root, [...path, key]).keyAt, message: `${prefix(path)}unknown key ${quote(key)}${advice}` };
}

function prefix(path: Path): string {
  return path.length === 0 ? "" : `${dotted(path)}: `;
}

function article(level: string): string {
  return `${/^[aeiou]/.test(level) ? "an" : "a"} ${level}`;
}
