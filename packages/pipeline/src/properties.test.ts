import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { stringify } from "yaml";
import { manualTrigger, type PipelinePlan, planPipeline, type WorkflowPlan } from "./index.ts";

const good = `name: demo
env: { KEY: value }
workflows:
  build:
    labels: { os: linux }
    timeout: 10m
    depends_on: [lint]
    matrix: { node: [24, 26], os: [linux] }
    concurrency: { group: ci, limit: 2, when_full: cancel_previous }
    retry: { max: 2, backoff: 5s, on: [lost] }
    queue_timeout: 1d
    steps: &steps
      - run: make build
      - { name: test, run: "make test", shell: bash, env: { A: 1.10 }, timeout: 5m }
  lint: { priority: 3, concurrency: ci, retry: 1, steps: *steps }
  deploy:
    when: [{ event: push, branch: { exclude: dev }, expression: 'has(matrix.x) || success()' }]
    depends_on: lint
    secrets: [TOKEN]
    checkout: { depth: 0 }
    matrix: { os: [a, b], exclude: [{ os: b }], include: [{ os: a, x: 1 }] }
    steps:
      - { run: x, name: db, service: { port: 1 }, outputs: [v], artifacts: { name: d, paths: . } }
      - parallel: [{ run: x, if: 'steps.db.outputs.v == "1"', env: { V: { from: tag } }, retry: { max: 1 } }, { run: y, downloads: d }]
      - { run: x, always: true, continue_on_error: true, junit: a.xml, cache: { key: event, paths: ~/.npm } }
  report: { depends_on: [lint, { workflow: build, on: failure }], steps: *steps }
`;

/** Either a plan that holds its promises, or problems that each stand in the text. */
function judge(content: string): void {
  const result = planPipeline({
    path: "ci.yaml",
    content,
    trigger: { ...manualTrigger, event: "push", branch: "main" },
  });
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
  assert.ok(isAcyclic(workflows.map(graphNode)), "dependencies have no cycle");
}

function assertSoundWorkflow(workflow: WorkflowPlan, byName: ReadonlyMap<string, WorkflowPlan>): void {
  assert.ok(workflow.steps.length > 0);
  assert.equal(
    new Set(workflow.steps.map(({ name }) => name)).size,
    workflow.steps.length,
    "names of steps are unique",
  );
  const { dependsOn } = graphNode(workflow);
  assert.equal(new Set(dependsOn).size, dependsOn.length, "dependencies are listed once");
  assert.ok(
    dependsOn.every((name) => byName.has(name)),
    "dependencies exist",
  );
  assert.ok(workflow.timeoutMs >= 1000 && workflow.timeoutMs <= 86_400_000);
  assertSoundPolicies(workflow);
  for (const value of [...Object.values(workflow.env), ...workflow.steps.map(({ run }) => run)])
    assert.ok(!value.includes("\0"), "a process can be given every text");
}

function assertSoundPolicies({ priority, concurrency, retry, queueTimeoutMs }: WorkflowPlan): void {
  assertWithin(priority, -100, 100);
  assertWithin(queueTimeoutMs, 0, 14 * 86_400_000);
  if (concurrency) {
    assertWithin(concurrency.limit, 1, 1000);
    assert.ok(concurrency.group.length > 0);
  }
  if (retry) {
    assertWithin(retry.max, 1, 10);
    assertWithin(retry.backoffMs, 1000, retry.backoffMaxMs);
    assertWithin(retry.backoffMaxMs, retry.backoffMs, 86_400_000);
    assertWithin(new Set(retry.on).size, 1, 4);
    assert.equal(new Set(retry.on).size, retry.on.length, "reasons are listed once");
  }
}

/** A whole number that Postgres and JSON keep as it is. */
function assertWithin(found: number, min: number, max: number): void {
  assert.ok(Number.isInteger(found) && !Object.is(found, -0), `${found} is a whole number`);
  assert.ok(found >= min && found <= max, `${min} <= ${found} <= ${max}`);
}

function graphNode({ name, dependsOn }: WorkflowPlan) {
  return { name, dependsOn: dependsOn.map((parent) => parent.name) };
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
    const names = [
      "workflows",
      "steps",
      "run",
      "env",
      "matrix",
      "depends_on",
      "timeout",
      "retry",
      "on",
      "__proto__",
      "constructor",
    ];
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
      "0",
      "-",
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

const group = fc.stringMatching(/^[A-Za-z][!-#%-~]{0,20}$/);
const seconds = fc.integer({ min: 1, max: 86_400 });
const policies = {
  priority: fc.integer({ min: -100, max: 100 }),
  concurrency: fc.oneof(
    group,
    fc.record(
      { group, limit: fc.integer({ min: 1, max: 1000 }), when_full: fc.constantFrom("queue", "cancel_previous") },
      { requiredKeys: ["group"] },
    ),
  ),
  retry: fc.oneof(
    fc.integer({ min: 1, max: 10 }),
    fc.record(
      {
        max: fc.integer({ min: 1, max: 10 }),
        backoff: seconds.map((count) => `${count}s`),
        on: fc.subarray(["failed", "timed_out", "lost", "agent_error"], { minLength: 1 }),
      },
      { requiredKeys: ["max"] },
    ),
  ),
  queue_timeout: fc.integer({ min: 1, max: 14 * 24 }).map((count) => `${count}h`),
};

function workflowOf(names: string[]) {
  const values = fc.uniqueArray(fc.stringMatching(/^[ -~]{1,6}$/), { minLength: 1, maxLength: 3 });
  const steps = fc.array(fc.record({ run: fc.stringMatching(/^[!-~]{1,20}$/) }), { minLength: 1, maxLength: 4 });
  const matrix = fc.dictionary(fc.constantFrom("a", "b", "c"), values, { minKeys: 1 });
  const dependsOn = fc.subarray(names).chain((some) => fc.tuple(...some.map(dependencyOn)));
  return fc.record({ steps, depends_on: dependsOn, matrix, ...policies }, { requiredKeys: ["steps"] });
}

function dependencyOn(workflow: string) {
  const on = fc.constantFrom("success", "failure", "always");
  return fc.oneof(fc.constant(workflow), fc.record({ workflow: fc.constant(workflow), on }));
}

test("a file is planned exactly if its dependencies have no cycle, and then no workflow, cell or policy is lost", () => {
  fc.assert(
    fc.property(files, ({ workflows }) => {
      const result = planPipeline({
        path: "ci.yaml",
        content: stringify({ workflows: Object.fromEntries(workflows) }),
      });
      const graph = workflows.map(([name, { depends_on: some = [] }]) => ({
        name,
        dependsOn: some.map((one) => (typeof one === "string" ? one : one.workflow)),
      }));
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
      assertPoliciesKept(workflows, result.plan.workflows);
    }),
  );
});

type Files = typeof files extends fc.Arbitrary<infer File> ? File : never;

/** What is written in each workflow is in the plan of each of its cells, and what is not written has its default. */
function assertPoliciesKept(workflows: Files["workflows"], plans: WorkflowPlan[]): void {
  const written = new Map(workflows);
  for (const plan of plans) {
    const { priority = 0, concurrency, retry, queue_timeout: hours = "0h" } = written.get(plan.base) ?? {};
    assert.equal(plan.priority, priority);
    assert.equal(plan.queueTimeoutMs, Number.parseInt(hours, 10) * 3_600_000);
    assert.deepEqual(plan.concurrency, concurrency && concurrencyOf(concurrency));
    assert.equal(plan.retry?.max, typeof retry === "object" ? retry.max : retry);
  }
}

function concurrencyOf(written: string | { group: string; limit?: number; when_full?: string }) {
  if (typeof written === "string") return { group: written, limit: 1, whenFull: "queue" };
  return { group: written.group, limit: written.limit ?? 1, whenFull: written.when_full ?? "queue" };
}

/** Workflows whose dependencies are done are taken away until none is left, or none is free. */
function isAcyclic(graph: { name: string; dependsOn: string[] }[]): boolean {
  const names = new Set(graph.map(({ name }) => name));
  const free = graph.filter(({ dependsOn }) => dependsOn.every((name) => !names.has(name)));
  if (free.length === 0) return graph.length === 0;
  return isAcyclic(graph.filter((workflow) => !free.includes(workflow)));
}
