import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planPipeline, type StepPlan, type WorkflowPlan } from "./index.ts";
import { build, proveProblems, step } from "./problem-table.ts";

function planned(content: string): WorkflowPlan {
  const result = planPipeline({ path: "ci.yaml", content });
  assert.ok(result.ok && result.plan.workflows[0], JSON.stringify(result));
  return result.plan.workflows[0];
}

suite("a key of a step reaches the plan, short or in full:", () => {
  const rows: [entries: string, part: Partial<StepPlan>][] = [
    ["if: failure()", { condition: "failure()" }],
    ["retry: 2", { retry: { max: 2, backoffMs: 0 } }],
    ["retry: { max: 3, backoff: 1m }", { retry: { max: 3, backoffMs: 60_000 } }],
    ["continue_on_error: true, always: True", { continueOnError: true, always: true }],
    ["outputs: version", { outputs: ["version"] }],
    ["outputs: [a, b]", { outputs: ["a", "b"] }],
    ["service: true", { service: { timeoutMs: 60_000 } }],
    ["service: { port: 5432, timeout: 5s }", { service: { port: 5432, timeoutMs: 5_000 } }],
    ["service: { run: pg_isready }", { service: { run: "pg_isready", timeoutMs: 60_000 } }],
    ["service: false", {}],
    ["junit: 'build/**/*.xml'", { junit: ["build/**/*.xml"] }],
    ["artifacts: { name: dist, paths: dist/ }", { artifacts: [{ name: "dist", paths: ["dist/"], when: "success" }] }],
    [
      "artifacts: [{ name: logs, paths: [a.log, b.log], when: always }]",
      { artifacts: [{ name: "logs", paths: ["a.log", "b.log"], when: "always" }] },
    ],
    [
      `cache: { key: '"npm-" + hashFiles("lock")', restore_keys: '"npm-"', paths: [~/.npm, node_modules] }`,
      { caches: [{ key: '"npm-" + hashFiles("lock")', restoreKeys: ['"npm-"'], paths: ["~/.npm", "node_modules"] }] },
    ],
    ["image: postgres:18", { image: "postgres:18" }],
    ["env: { A: x, B: { from: branch } }", { env: { A: "x" }, computedEnv: { B: "branch" } }],
    ["secrets: [TOKEN]", { secrets: { TOKEN: "TOKEN" } }],
    ["secrets: { NPM: npm_token }", { secrets: { NPM: "npm_token" } }],
  ];
  for (const [entries, part] of rows) {
    test(entries, () => {
      const [bare] = planned(step("run: make")).steps;
      assert.deepEqual(planned(step(`run: make, ${entries}`)).steps, [{ ...bare, ...part }]);
    });
  }
});

test("neighbours of one group have the same number, and steps are counted through", () => {
  const content =
    "workflows: { a: { steps: [{ run: a }, { parallel: [run: b, { run: c, name: c }] }, { parallel: [run: d] }, run: e] } }";
  assert.deepEqual(
    planned(content).steps.map(({ name, parallel }) => [name, parallel]),
    [
      ["step 1", 0],
      ["step 2", 1],
      ["c", 1],
      ["step 4", 2],
      ["step 5", 0],
    ],
  );
});

test("of the variables of file, workflow and step the last said wins, whether fixed, computed or a secret", () => {
  const { env, steps } = planned(`
env: { A: file, B: { from: event }, C: file, D: { from: tag } }
workflows:
  build:
    env: { B: workflow, C: { from: branch } }
    secrets: { A: token, S: other }
    steps: [{ run: x }, { run: x, env: { S: fixed, D: fixed }, secrets: [C] }]`);
  assert.deepEqual(env, { B: "workflow" });
  const variables = steps.map(({ env: own, computedEnv, secrets }) => ({ own, computedEnv, secrets }));
  assert.deepEqual(variables, [
    { own: {}, computedEnv: { C: "branch", D: "tag" }, secrets: { A: "token", S: "other" } },
    { own: { S: "fixed", D: "fixed" }, computedEnv: {}, secrets: { A: "token", C: "C" } },
  ]);
});

test("checkout and approval are the workflow's", () => {
  assert.deepEqual(planned(build("checkout: true")).checkout, { depth: 1, submodules: false });
  assert.deepEqual(planned(build("checkout: { depth: 0, submodules: true }")).checkout, { depth: 0, submodules: true });
  assert.equal(planned(build("checkout: false")).checkout, undefined);
  assert.equal(planned(build("approval: true")).approval, true);
});

proveProblems("what a step may not say is told with its place:", [
  [
    "two ways to be ready",
    step("run: x, service: { run: y, port: 1 }"),
    ['1:66: workflows.build.steps[0].service.port: expected either run or port to tell that it is ready, found "1"'],
  ],
  [
    "paths out of the workspace",
    step("run: x, junit: [../a, /b, a/../b], cache: { key: tag, paths: [~root/x, /etc] }"),
    [
      '1:49: workflows.build.steps[0].junit[0]: expected a path or pattern in the workspace, found "../a"',
      '1:55: workflows.build.steps[0].junit[1]: expected a path or pattern in the workspace, found "/b"',
      '1:59: workflows.build.steps[0].junit[2]: expected a path or pattern in the workspace, found "a/../b"',
      '1:95: workflows.build.steps[0].cache.paths[0]: expected a path in the workspace or, with ~/, in HOME, found "~root/x"',
      '1:104: workflows.build.steps[0].cache.paths[1]: expected a path in the workspace or, with ~/, in HOME, found "/etc"',
    ],
  ],
  [
    "no yes and no no",
    step("run: x, always: yes"),
    ['1:49: workflows.build.steps[0].always: expected true or false, found "yes"'],
  ],
  [
    "a group in a step",
    step("run: x, parallel: [run: y]"),
    ['1:41: workflows.build.steps[0]: unknown key "parallel"; write `- parallel: [...]` as an item of its own'],
  ],
  [
    "a group with a name, and a mistake within",
    step("name: x, parallel: [{ run: y, iff: z }]"),
    [
      '1:33: workflows.build.steps[0]: unknown key "name"; a parallel group has parallel',
      '1:63: workflows.build.steps[0].parallel[0]: unknown key "iff"; did you mean "if"?',
    ],
  ],
  [
    "secrets that are reserved, or twice",
    step("run: x, secrets: [MATRIX_A, B, B]"),
    [
      '1:51: workflows.build.steps[0].secrets[0]: expected a secret whose name a variable may have: not GROUNDCREW_ or MATRIX_, found "MATRIX_A"',
      '1:64: workflows.build.steps[0].secrets[2]: expected each of them once, found "B"',
    ],
  ],
  [
    "an include",
    "include: other.yaml\n" + build("extends: x"),
    [
      '1:1: unknown key "include"; there are no includes: put the workflows into files of the folder .groundcrew/, which are one pipeline',
      '2:43: workflows.build: unknown key "extends"; there are no includes: put the workflows into files of the folder .groundcrew/, which are one pipeline',
    ],
  ],
]);

proveProblems("an expression that reads what is not there is told:", [
  [
    "a step that is not before",
    `workflows: { a: { steps: [{ name: x, if: steps.y.status == "success", run: x }, { name: y, run: y }] } }`,
    ['1:42: workflows.a.steps[0]: expected a step before this one in `steps.`, found "y"'],
  ],
  [
    "an output that no step has",
    `workflows: { a: { steps: [{ name: x, run: x, outputs: [version] }, { run: y, env: { V: { from: steps.x.outputs.versoin } } }] } }`,
    ['1:96: workflows.a.steps[1]: expected one of the `outputs` of "x", found "versoin"; did you mean "version"?'],
  ],
  [
    "a workflow that is not waited for",
    `workflows: { a: { steps: [{ run: x, if: 'workflows["b"].status == "success"' }] }, b: { steps: [run: x] } }`,
    ['1:41: workflows.a.steps[0]: expected a workflow in its `depends_on` in `workflows.`, found "b"'],
  ],
  [
    "a key that the matrix lacks, but not one that is only asked for",
    build("matrix: { node: [1] }, labels: { a: { from: matrix.nod } }, when: { expression: has(matrix.x) }"),
    ['1:87: workflows.build: expected a key of its matrix in `matrix.`, found "nod"; did you mean "node"?'],
  ],
  [
    "a step before anything runs",
    build("when: { expression: steps.x.status == 'success' }"),
    [`1:63: workflows.build: expected a step before this one in \`steps.\`, found "x"`],
  ],
]);

proveProblems("an artifact that nothing keeps is told:", [
  [
    "two of one name",
    step("run: x, artifacts: [{ name: a, paths: x }, { name: a, paths: y }]"),
    ['1:84: workflows.build: the artifact "a" is on line 1 already'],
  ],
  [
    "of a workflow that is not waited for",
    `workflows: { a: { steps: [{ run: x, artifacts: { name: d, paths: x } }] }, b: { steps: [{ run: x, downloads: { artifact: d, workflow: a } }] } }`,
    ['1:135: workflows.b.depends_on: expected every workflow that it downloads from, found no "a"'],
  ],
  [
    "of another name",
    `workflows: { a: { steps: [{ run: x, artifacts: { name: dist, paths: x } }, { run: y, downloads: dsit }] } }`,
    ['1:97: workflows.a: in a step before expected the artifact of this name, found no "dsit"; did you mean "dist"?'],
  ],
]);
