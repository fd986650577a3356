import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { formatProblem, planPipeline } from "./index.ts";

/** For the tests: what is wrong, a file with it, and all its problems as `line:column: message`. */
export type Row = [wrong: string, content: string, problems: string[]];

/** A file of one workflow with these entries besides its steps. */
export const build = (entries: string) => `workflows: { build: { steps: [run: make], ${entries} } }`;

/** A file of one workflow with one step of these entries. */
export const step = (entries: string) => `workflows: { build: { steps: [{ ${entries} }] } }`;

/** The problems of a file in the standard form, without the path that starts each. */
export function problemsOf(content: string): string[] {
  const result = planPipeline({ path: "ci.yaml", content });
  return result.ok ? [] : result.problems.map((problem) => formatProblem(problem).replace(/^ci\.yaml:/, ""));
}

/** Proves each row by one test. */
export function proveProblems(promise: string, rows: Row[]): void {
  suite(promise, () => {
    for (const [wrong, content, problems] of rows) {
      test(wrong, () => assert.deepEqual(problemsOf(content), problems));
    }
  });
}
