import { isMap, isScalar, LineCounter, parseDocument, type Document } from "yaml";
import type { z } from "zod";
import { gated, profileFile, skipped } from "./profile-schema.ts";
import type { Profile, StageProfile } from "./profile.ts";
import { isAgentStage, PROFILED_STAGES, type ProfiledStageName } from "./stages.ts";

/** The longest file that is read, in UTF-16 units. */
const MAX_LENGTH = 256 * 1024;

/** What is wrong with a file, and where. Lines and columns count from 1. */
export interface ProfileProblem {
  path: string;
  line: number;
  column: number;
  message: string;
}

export type ProfileResult = { ok: true; profile: Profile } | { ok: false; problems: ProfileProblem[] };

interface Issue {
  path: readonly PropertyKey[];
  message: string;
}

/**
 * Reads a profile from YAML: which stages a machine must pass, with which gates, and which are left out and why.
 * Every stage must be spoken about. Takes any text; all problems are told at once, none is thrown.
 */
export function parseProfile(file: { path: string; content: string }): ProfileResult {
  const at = { path: file.path, line: 1, column: 1 };
  if (file.content.length > MAX_LENGTH) {
    return { ok: false, problems: [{ ...at, message: `longer than ${MAX_LENGTH} characters` }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(file.content, { lineCounter: lines, prettyErrors: false });
  const problemAt = (offset: number, message: string): ProfileProblem => {
    const { line, col } = lines.linePos(offset);
    return { path: file.path, line: Math.max(line, 1), column: Math.max(col, 1), message };
  };
  if (document.errors.length > 0) {
    return { ok: false, problems: document.errors.map((error) => problemAt(error.pos[0], error.message)) };
  }
  const checked = checkProfile(valueOf(document));
  if (checked.ok) return checked;
  const tell = (issue: Issue) => problemAt(offsetOf(document, issue.path), messageOf(issue));
  return { ok: false, problems: checked.issues.map(tell) };
}

type Checked<T> = { ok: true; value: T } | { ok: false; issues: Issue[] };

function checkProfile(value: unknown): { ok: true; profile: Profile } | { ok: false; issues: Issue[] } {
  const file = profileFile.safeParse(value);
  if (!file.success) return { ok: false, issues: issuesOf(file.error, []) };
  const { name, description, stages } = file.data;
  const checked = PROFILED_STAGES.map((stage) => checkStage(stage, stages[stage]));
  const issues = [...unknownStages(Object.keys(stages)), ...checked.flatMap((one) => (one.ok ? [] : one.issues))];
  if (issues.length > 0) return { ok: false, issues };
  return { ok: true, profile: { name, description, stages: checked.flatMap((one) => (one.ok ? [one.value] : [])) } };
}

function checkStage(name: ProfiledStageName, value: unknown): Checked<StageProfile> {
  const path = ["stages", name];
  if (value === undefined) {
    return { ok: false, issues: [{ path, message: `${name} is missing: say how to run it, or "skip: why"` }] };
  }
  if (typeof value === "object" && value !== null && "skip" in value) {
    const parsed = skipped.safeParse(value);
    return parsed.success
      ? { ok: true, value: { name, ...parsed.data } }
      : { ok: false, issues: issuesOf(parsed.error, path) };
  }
  if (!isAgentStage(name))
    return { ok: false, issues: [{ path, message: `${name} can only be skipped: "skip: why"` }] };
  const parsed = gated(name).safeParse(value);
  if (!parsed.success) return { ok: false, issues: issuesOf(parsed.error, path) };
  const { required, timeout, parameters, gates } = parsed.data;
  return { ok: true, value: { name, required, timeoutMs: timeout, parameters, gates } };
}

function unknownStages(names: string[]): Issue[] {
  const known: readonly string[] = PROFILED_STAGES;
  return names
    .filter((name) => !known.includes(name))
    .map((name) => ({ path: ["stages", name], message: `no such stage; known: ${known.join(", ")}` }));
}

function issuesOf(error: z.ZodError, prefix: readonly PropertyKey[]): Issue[] {
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
