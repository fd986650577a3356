import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { baseOf, planPipeline, type PlanResult } from "./index.ts";

const existing = new Map([
  ["build", ["build"]],
  ["test", ["test (os=linux)", "test (os=mac)"]],
]);

function plan(content: string): PlanResult {
  return planPipeline({ path: "more.yaml", content, existing });
}

suite("a file that adds to a pipeline", () => {
  test("may depend on its workflows, and then on all cells of a matrix", () => {
    const result = plan(
      "workflows: { deploy: { depends_on: [test, more], steps: [run: d] }, more: { steps: [run: m] } }",
    );
    assert.ok(result.ok);
    const names = result.plan.workflows[0]?.dependsOn.map(({ name }) => name);
    assert.deepEqual(names, ["test (os=linux)", "test (os=mac)", "more"]);
    assert.equal(result.plan.workflows.length, 2);
  });

  test("may not name one again, and hears of the nearest name", () => {
    const result = plan("workflows:\n  build: { steps: [run: b] }\n  a: { depends_on: biuld, steps: [run: a] }\n");
    assert.ok(!result.ok);
    const told = result.problems.map(({ path, line, column, message }) => `${path}:${line}:${column} ${message}`);
    assert.match(
      told[0] ?? "",
      /^more\.yaml:2:3 workflows\.build: expected a name that the pipeline does not have yet$/,
    );
    assert.match(told[1] ?? "", /^more\.yaml:3:\d+ .*found "biuld".*"build"/);
  });
});

test("the base of a workflow's name is found in whatever order its matrix is kept", () => {
  assert.equal(baseOf('t-1 (os=linux, v="a b")', { v: "a b", os: "linux" }), "t-1");
  assert.equal(baseOf("t-1", {}), "t-1");
});
