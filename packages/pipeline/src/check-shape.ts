import type { z } from "zod";
import { hintFor, type Level } from "./hints.ts";
import { type Located, locate, toData } from "./located.ts";
import { didYouMean } from "./nearest.ts";
import type { Finding } from "./problem.ts";
import { concurrencySchema, dependencySchema, retrySchema } from "./policies.ts";
import { fileSchema, type PipelineFile, stepSchema, workflowSchema } from "./schema.ts";
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

/** The branch of a union that the value chose by its type, if any. */
function closestBranch(branches: readonly Issue[][]): Issue[] | undefined {
  return branches.find((issues) => issues.every(({ code, path }) => code !== "invalid_type" || path.length > 0));
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
  const level = levelOf(path);
  const keys = Object.keys(shapes[level]);
  const hint = hintFor(level, key);
  const advice = hint ? `; ${hint}` : didYouMean(key, keys) || `; a ${level} has ${keys.join(", ")}`;
  return { at: locate(root, [...path, key]).keyAt, message: `${prefix(path)}unknown key ${quote(key)}${advice}` };
}

/** What a mapping with fixed keys may have. */
const shapes: Record<Level, object> = {
  file: fileSchema.shape,
  workflow: workflowSchema.shape,
  step: stepSchema.shape,
  dependency: dependencySchema.shape,
  "concurrency rule": concurrencySchema.shape,
  "retry rule": retrySchema.shape,
};

/** They stand at the root, at `workflows.NAME`, and below keys of a workflow. */
function levelOf(path: Path): Level {
  if (path.length === 0) return "file";
  if (path.length === 2) return "workflow";
  switch (path[2]) {
    case "depends_on":
      return "dependency";
    case "concurrency":
      return "concurrency rule";
    case "retry":
      return "retry rule";
    default:
      return "step";
  }
}

function prefix(path: Path): string {
  return path.length === 0 ? "" : `${dotted(path)}: `;
}
