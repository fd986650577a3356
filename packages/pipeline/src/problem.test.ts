import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem } from "./index.ts";
import { problemsOf } from "./problem-table.ts";

test("problems stand in the order of the file, each once", () => {
  const steps = "[{ run: make, shell: zsh }]";
  const content = `workflows:\n  a: { steps: &s ${steps}, timeout: x }\n  b: { steps: *s, timeout: x }\nzzz: 1\n`;
  const places = problemsOf(content).map((problem) => problem.split(": ", 1)[0]);
  assert.deepEqual(places, ["2:39", "2:39", "2:56", "3:28", "4:1"]);
});

test("a problem is written as path:line:column: message", () => {
  assert.equal(formatProblem({ path: "a b.yaml", line: 3, column: 7, message: "no" }), "a b.yaml:3:7: no");
});
