import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { stringify } from "yaml";
import { type PipelinePlan, planPipeline, type WorkflowPlan } from "./index.ts";

const good = `name: demo
env: { KEY: value }
workflows:
  build:
    labels: { os: linux }
    timeout: 10m
    depends_on: [lint]
    matrix: { node: [24, 26], os: [linux] }
    steps: &steps
      - run: make build
      - { name: test, run: "make test", shell: bash, env: { A: 1.10 }, timeout: 5m }
  lint: { steps: *steps }
`;

/** Either a plan that holds its promises, or problems that each stand in the text. */
function judge(content: string): void {
  const result = planPipeline({ path: "ci.yaml", content });
  if (result.ok) return assertSound(result.plan);
  const lines = content.split("\n");
  assert.ok(result.problems.length > 0);
  for (const { path, line, column, message } of result.problems) {
    assert.equal(path, "ci.yaml");
    assert.ok(line >= 1 && line <= lines.length, `line ${line} of ${lines.length}`);
    assert.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1, `column ${column} of line ${line}`);
    assert.match(message, /^[^\p{Cc}]+$/u);
  }
}

function assertSound({ name, workflows }: PipelinePlan): void {
  assert.ok(name);
  assert.ok(workflows.length > 0);
  const byName = new Map(workflows.map((workflow) => [workflow.name, workflow]));
  assert.equal(byName.size, workflows.length, "names of workflows are unique");
  for (const workflow of workflows) assertSoundWorkflow(workflow, byName);
  assert.ok(isAcyclic(workflows), "dependencies have no cycle");
}

function assertSoundWorkflow(workflow: WorkflowPlan, byName: ReadonlyMap<string, WorkflowPlan>): void {
  assert.ok(workflow.steps.length > 0);
  assert.equal(
    new Set(workflow.steps.map(({ name }) => name)).size,
    workflow.steps.length,
    "names of steps are unique",
  );
  assert.equal(new Set(workflow.dependsOn).size, workflow.dependsOn.length, "dependencies are listed once");
  assert.ok(
    workflow.dependsOn.every((name) => byName.has(name)),
    "dependencies exist",
  );
  assert.ok(workflow.timeoutMs >= 1000 && workflow.timeoutMs <= 86_400_000);
  for (const value of [...Object.values(workflow.env), ...workflow.steps.map(({ run }) => run)])
    assert.ok(!value.includes("\0"), "a process can be given every text");
}

suite("whatever the text, the answer is a sound plan or problems with a place:", () => {
  test("any text", () => fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), judge)));

  test("any text of YAML's own characters", () => {
    const unit = fc.constantFrom(
      ...Array.from("[]{},:-?&*!|>'\"%@`#~\n\t \0\\ab1"),
      "&a ",
      "*a",
      "<<: ",
      "- ",
      ": ",
      "---\n",
      "\r\n",
    );
    fc.assert(fc.property(fc.string({ unit, maxLength: 60 }), judge), { numRuns: 500 });
  });

  test("any value", () => {
    const names = ["workflows", "steps", "run", "env", "matrix", "depends_on", "timeout", "__proto__", "constructor"];
    const key = fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 5 }));
    const value = fc.anything({
      key,
      maxDepth: 6,
      values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null)],
    });
    fc.assert(fc.property(value, (some) => judge(stringify(some) ?? "")));
  });

  test("any good file after an edit", () => {
    const pieces = [
      ":",
      "- ",
      "\n",
      " ",
      "*steps",
      "~",
      "[",
      "}",
      "lint",
      "x",
      "\t",
      "'",
      "name: ",
      "{}",
      "\ud800",
      "\0",
    ];
    const edit = fc.record({ at: fc.nat(good.length), removed: fc.nat(12), added: fc.constantFrom("", ...pieces) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        judge(
          edits.reduce((text, { at, removed, added }) => text.slice(0, at) + added + text.slice(at + removed), good),
        );
      }),
      { numRuns: 500 },
    );
  });
});

/** Files right in every rule but perhaps the graph. */
const files = fc
  .uniqueArray(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._ -]{0,8}$/), { minLength: 1, maxLength: 8 })
  .chain((names) =>
    fc.record({ workflows: fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), workflowOf(names)))) }),
  );

function workflowOf(names: string[]) {
  const values = fc.uniqueArray(fc.stringMatching(/^[ -~]{1,6}$/), { minLength: 1, maxLength: 3 });
  const steps = fc.array(fc.record({ run: fc.stringMatching(/^[!-~]{1,20}$/) }), { minLength: 1, maxLength: 4 });
  const matrix = fc.dictionary(fc.constantFrom("a", "b", "c"), values, { minKeys: 1 });
  return fc.record({ steps, depends_on: fc.subarray(names), matrix }, { requiredKeys: ["steps"] });
}

test("a file is planned exactly if its dependencies have no cycle, and then no workflow or cell is lost", () => {
  fc.assert(
    fc.property(files, ({ workflows }) => {
      const result = planPipeline({
        path: "ci.yaml",
        content: stringify({ workflows: Object.fromEntries(workflows) }),
      });
      const graph = workflows.map(([name, { depends_on: dependsOn = [] }]) => ({ name, dependsOn }));
      assert.equal(result.ok, isAcyclic(graph));
      if (!result.ok) return;
      assertSound(result.plan);
      const cells = workflows.map(([, { matrix = {} }]) =>
        Object.values(matrix).reduce((n, list) => n * list.length, 1),
      );
      assert.equal(
        result.plan.workflows.length,
        cells.reduce((sum, count) => sum + count),
      );
    }),
  );
});

/** Workflows whose dependencies are done are taken away until none is left, or none is free. */
function isAcyclic(graph: { name: string; dependsOn: string[] }[]): boolean {
  const names = new Set(graph.map(({ name }) => name));
  const free = graph.filter(({ dependsOn }) => dependsOn.every((name) => !names.has(name)));
  if (free.length === 0) return graph.length === 0;
  return isAcyclic(graph.filter((workflow) => !free.includes(workflow)));
}
