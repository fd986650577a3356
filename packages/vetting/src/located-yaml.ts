import { isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";

/** What is wrong with a file, and where. Lines and columns count from 1. */
export interface FileProblem {
  path: string;
  line: number;
  column: number;
  message: string;
}

/** A value of the file that is not as it should be. */
export interface Issue {
  /** The keys that lead to it. */
  path: readonly PropertyKey[];
  message: string;
}

/** A value that was checked, or what is wrong with it. */
export type Checked<T> = { ok: true; value: T } | { ok: false; issues: Issue[] };

/**
 * Reads YAML and checks it: each problem comes with its line and column. Takes any text; all problems are told at once,
 * none is thrown. Text longer than `maxLength` UTF-16 units is refused.
 */
export function readYaml<T>(
  file: { path: string; content: string; maxLength: number },
  check: (value: unknown) => Checked<T>,
): { ok: true; value: T } | { ok: false; problems: FileProblem[] } {
  const at = { path: file.path, line: 1, column: 1 };
  if (file.content.length > file.maxLength) {
    return { ok: false, problems: [{ ...at, message: `longer than ${file.maxLength} characters` }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(file.content, { lineCounter: lines, prettyErrors: false });
  const problemAt = (offset: number, message: string): FileProblem => {
    const { line, col } = lines.linePos(offset);
    return { path: file.path, line: Math.max(line, 1), column: Math.max(col, 1), message };
  };
  if (document.errors.length > 0) {
    return { ok: false, problems: document.errors.map((error) => problemAt(error.pos[0], error.message)) };
  }
  const checked = check(valueOf(document));
  if (checked.ok) return checked;
  const tell = (issue: Issue) => problemAt(offsetOf(document, issue.path), messageOf(issue));
  return { ok: false, problems: checked.issues.map(tell) };
}

/** What a schema found, below `prefix`. A key that it does not know is named by itself. */
export function issuesOf(error: z.ZodError, prefix: readonly PropertyKey[]): Issue[] {
  return error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({ path: [...path, key], message: "no such key" }));
  });
}

function messageOf(issue: Issue): string {
  return issue.path.length === 0 ? issue.message : `${issue.path.map(String).join(".")}: ${issue.message}`;
}

// A document of aliases to aliases is refused by the library with an exception.
function valueOf(document: Document): unknown {
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
}

/** Where the path's key is written, or its nearest ancestor's when it is missing. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else {
      node = document.getIn(path.slice(0, path.indexOf(key) + 1), true);
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node)) return undefined;
  return Array.isArray(node.range) && typeof node.range[0] === "number" ? node.range[0] : undefined;
}
