import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { formatProblem, planPipeline } from "./index.ts";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
const example = /```yaml\n(.*?)```/s.exec(readme)?.[1] ?? "";

test("the example of the README is a plan", () => {
  const result = planPipeline({ path: "README.md", content: example });
  assert.ok(result.ok);
  const names = result.plan.workflows.map(({ name }) => name);
  assert.deepEqual(names, ["lint", "test (node=24)", "test (node=26)"]);
});

test("the problem of the README is the one that the example with its slip gets", () => {
  const result = planPipeline({
    path: ".groundcrew.yaml",
    content: example.replace("depends_on: lint", "depends_on: lnt"),
  });
  assert.ok(!result.ok);
  assert.deepEqual(result.problems.map(formatProblem), [/^\/\/ (.*)$/m.exec(readme)?.[1]]);
});
