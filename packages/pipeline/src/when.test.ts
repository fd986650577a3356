import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { checkFiles, manualTrigger, planPipeline, type Trigger } from "./index.ts";
import { matchesGlob } from "./glob.ts";
import { limits } from "./limits.ts";
import { build, proveProblems } from "./problem-table.ts";

const push: Trigger = { ...manualTrigger, event: "push", branch: "main", paths: ["src/a/b.ts", "README.md"] };

/** Whether a workflow with this `when` is part of the pipeline. */
function starts(when: string, trigger: Trigger): boolean {
  const result = planPipeline({ path: "ci.yaml", content: build(`when: ${when}`), trigger });
  assert.ok(result.ok, JSON.stringify(result));
  return result.plan.workflows.length === 1;
}

suite("`when` decides by what started the pipeline:", () => {
  const tag = { ...manualTrigger, event: "tag", tag: "v1.2" };
  const { paths: _, ...unknownPaths } = push;
  const rows: [when: string, trigger: Trigger, starts: boolean][] = [
    ["{ event: push }", push, true],
    ["{ event: [tag, push] }", push, true],
    ["{ event: tag }", push, false],
    ["{ event: { exclude: cron } }", push, true],
    ["{ branch: ma* }", push, true],
    ["{ branch: [dev, 'release/*'] }", { ...push, branch: "release/1" }, true],
    ["{ branch: '*' }", { ...push, branch: "release/1" }, false],
    ["{ branch: '**' }", { ...push, branch: "release/1" }, true],
    ["{ branch: { include: '**', exclude: main } }", push, false],
    ["{ event: push, branch: dev }", push, false],
    ["[{ branch: dev }, { event: push }]", push, true],
    ["{ tag: 'v*' }", tag, true],
    ["{ tag: 'v*' }", push, false],
    ["{ tag: { exclude: 'v*' } }", push, true],
    ["{ path: 'src/**' }", push, true],
    ["{ path: '**/*.md' }", push, true],
    ["{ path: docs/** }", push, false],
    ["{ path: { exclude: ['**/*.md', 'src/**'] } }", push, false],
    ["{ path: { exclude: '**/*.md' } }", push, true],
    ["{ path: docs/** }", unknownPaths, true],
    ["{ path: docs/** }", { ...push, paths: Array(limits.changedPaths + 1).fill("a") }, true],
    ["{ path: docs/** }", { ...push, paths: [] }, false],
    ["{ cron: nightly }", { ...manualTrigger, event: "cron", cron: "nightly" }, true],
    ["{ cron: nightly }", push, false],
    [`{ expression: 'branch == "main" && !has(parameters.skip)' }`, push, true],
    [`{ expression: 'parameters.skip != "yes"' }`, { ...push, parameters: { skip: "yes" } }, false],
  ];
  for (const [when, trigger, expected] of rows) {
    test(`${when} ${expected ? "fits" : "does not fit"} ${JSON.stringify(trigger).slice(0, 90)}`, () =>
      assert.equal(starts(when, trigger), expected));
  }
});

test("what waits for one that is left out is left out with it, unless it waits for whichever end", () => {
  const content = `workflows:
  deploy: { when: { event: tag }, steps: [run: x] }
  verify: { depends_on: deploy, steps: [run: x] }
  mourn: { depends_on: [{ workflow: deploy, on: failure }], steps: [run: x] }
  again: { depends_on: verify, steps: [run: x] }
  report: { depends_on: [{ workflow: deploy, on: always }], steps: [run: x] }`;
  const result = planPipeline({ path: "ci.yaml", content, trigger: push });
  assert.ok(result.ok);
  assert.deepEqual(
    result.plan.workflows.map(({ name, dependsOn }) => [name, dependsOn]),
    [["report", []]],
  );
  assert.deepEqual(result.plan.leftOut, [
    { name: "deploy", why: 'its `when` does not fit push of branch "main"' },
    { name: "verify", why: 'it waits for the success of "deploy", which is left out' },
    { name: "mourn", why: 'it waits for the failure of "deploy", which is left out' },
    { name: "again", why: 'it waits for the success of "verify", which is left out' },
  ]);
});

test("an expression decides for each cell of a matrix, and who waits for the workflow waits for the cells that are left", () => {
  const content = `workflows:
  test: { matrix: { os: [linux, mac] }, when: { expression: 'matrix.os == "linux" || event == "tag"' }, steps: [run: x] }
  report: { depends_on: test, steps: [run: x] }`;
  const result = planPipeline({ path: "ci.yaml", content, trigger: push });
  assert.ok(result.ok);
  assert.deepEqual(
    result.plan.workflows.map(({ name, dependsOn }) => [name, dependsOn.map((parent) => parent.name)]),
    [
      ["test (os=linux)", []],
      ["report", ["test (os=linux)"]],
    ],
  );
});

test("labels and groups may be computed from what is known before anything runs", () => {
  const entries = `matrix: { os: [linux] }, labels: { os: { from: matrix.os } }, concurrency: { group: { from: '"deploy-" + branch' } }`;
  const result = planPipeline({ path: "ci.yaml", content: build(entries), trigger: push });
  assert.ok(result.ok);
  assert.deepEqual(result.plan.workflows[0]?.labels, { os: "linux" });
  assert.equal(result.plan.workflows[0].concurrency?.group, "deploy-main");
});

suite("what cannot be answered for a trigger is a problem, though not one of the file:", () => {
  const rows: [entries: string, problem: RegExp][] = [
    ["when: { expression: parameters.target }", /1:63: workflows\.build\.when\.expression: field not found: target/],
    ["when: [{ expression: branch }]", /when\[0\]\.expression: expected true or false, found "main"/],
    [
      "labels: { os: { from: tag } }",
      /workflows\.build\.labels\.os\.from: expected one line of 1 to 128 characters, found ""/,
    ],
    ["concurrency: { group: { from: parameters.x } }", /concurrency\.group\.from: field not found: x/],
  ];
  for (const [entries, problem] of rows) {
    test(entries, () => {
      const file = { path: "ci.yaml", content: build(entries) };
      assert.deepEqual(checkFiles([file]), []);
      const result = planPipeline({ ...file, trigger: push });
      assert.ok(!result.ok && result.problems.length === 1);
      const [{ line, column, message } = { line: 0, column: 0, message: "" }] = result.problems;
      assert.match(`${line}:${column}: ${message}`, problem);
    });
  }
});

proveProblems("a `when` that does not fit is told with its place:", [
  [
    "no condition",
    build("when: push"),
    [
      '1:49: workflows.build.when: expected a condition such as `{ event: push, branch: main }`, or a list of them, found "push"',
    ],
  ],
  [
    "an event that does not exist",
    build("when: { event: [push, merge] }"),
    [
      '1:65: workflows.build.when.event[1]: expected one of push, tag, pull_request, release, deployment, cron, manual, found "merge"',
    ],
  ],
  [
    "words of other formats",
    build("when: { branches: [main], evaluate: x, status: failure }"),
    [
      '1:51: workflows.build.when: unknown key "branches"; write `branch: [NAME]`',
      '1:69: workflows.build.when: unknown key "evaluate"; write `expression: EXPRESSION`',
      '1:82: workflows.build.when: unknown key "status"; write `if: failure()` in the step, or `depends_on: [{ workflow: NAME, on: failure }]`',
    ],
  ],
  [
    "a filter with another key",
    build("when: { branch: { includes: x } }"),
    ['1:61: workflows.build.when.branch: unknown key "includes"; did you mean "include"?'],
  ],
  [
    "an expression that is none",
    build("when: { expression: 'branch = 1' }"),
    [
      '1:63: workflows.build.when.expression: expected an expression, and not valid CEL at its character 8, at =, found "branch = 1"',
    ],
  ],
  [
    "more patterns of paths than are held against files",
    build(
      `when: [${Array(5)
        .fill(`{ path: [${Array.from({ length: 60 }, (_, n) => `p${n}`).join()}] }`)
        .join()}]`,
    ),
    ["1:1081: workflows: expected at most 256 patterns of paths in all `when` together, found 300"],
  ],
]);

suite("a pattern", () => {
  const rows: [pattern: string, matches: string[], others: string[]][] = [
    ["*", ["a", "a.b"], ["a/b"]],
    ["**", ["a", "a/b/c"], []],
    ["**/x", ["x", "a/x", "a/b/x"], ["ax", "x/a"]],
    ["a/**", ["a/b", "a/b/c"], ["a", "b/a"]],
    ["v?.[1]", ["v2.[1]"], ["v2.1", "v/.[1]"]],
    ["a\\d+(b)", ["a\\d+(b)"], ["a1b"]],
  ];
  for (const [pattern, matches, others] of rows) {
    test(`${pattern} matches ${matches.join(", ")}, not ${others.join(", ")}`, () => {
      for (const text of matches) assert.ok(matchesGlob(text, pattern), text);
      for (const text of others) assert.ok(!matchesGlob(text, pattern), text);
    });
  }
});
