import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type PipelinePlan, planPipeline, type StepPlan, type WorkflowPlan } from "./index.ts";

const step: StepPlan = {
  name: "step 1",
  run: "make",
  shell: "sh",
  env: {},
  computedEnv: {},
  secrets: {},
  timeoutMs: 0,
  condition: "",
  continueOnError: false,
  always: false,
  parallel: 0,
  outputs: [],
  junit: [],
  artifacts: [],
  downloads: [],
  caches: [],
  image: "",
};
const workflow: WorkflowPlan = {
  name: "build",
  base: "build",
  matrix: {},
  labels: {},
  env: {},
  timeoutMs: 3_600_000,
  onAgentLost: "requeue",
  dependsOn: [],
  priority: 0,
  queueTimeoutMs: 0,
  approval: false,
  steps: [step],
};

interface Row {
  promise: string;
  content: string;
  plan: Omit<PipelinePlan, "leftOut">;
}

const rows: Row[] = [
  {
    promise: "the smallest file gets every default, and its path as name",
    content: "workflows: { build: { steps: [{ run: make }] } }",
    plan: { name: "ci.yaml", workflows: [workflow] },
  },
  {
    promise: "every key is carried",
    content: `
name: demo
env: { A: file, B: file, C: file }
workflows:
  prepare: { steps: [run: make] }
  build:
    labels: { os: linux, example.com/gpu: 2 }
    env: { B: workflow, C: workflow }
    timeout: 1h30m
    on_agent_lost: fail
    depends_on: [{ workflow: prepare, on: always }]
    priority: -5
    concurrency: { group: boards, limit: 2, when_full: cancel_previous }
    retry: { max: 3, backoff: 30s, backoff_max: 10m, on: [lost] }
    queue_timeout: 2d
    steps:
      - run: |
          make
          make test
        name: compile
        shell: bash
        env: { C: step }
        timeout: 90s
`,
    plan: {
      name: "demo",
      workflows: [
        { ...workflow, name: "prepare", base: "prepare", env: { A: "file", B: "file", C: "file" } },
        {
          ...workflow,
          labels: { os: "linux", "example.com/gpu": "2" },
          env: { A: "file", B: "workflow", C: "workflow" },
          timeoutMs: 5_400_000,
          onAgentLost: "fail",
          dependsOn: [{ name: "prepare", on: "always" }],
          priority: -5,
          concurrency: { group: "boards", limit: 2, whenFull: "cancel_previous" },
          retry: { max: 3, backoffMs: 30_000, backoffMaxMs: 600_000, on: ["lost"] },
          queueTimeoutMs: 172_800_000,
          steps: [
            {
              ...step,
              name: "compile",
              run: "make\nmake test\n",
              shell: "bash",
              env: { C: "step" },
              timeoutMs: 90_000,
            },
          ],
        },
      ],
    },
  },
  {
    promise: "numbers and booleans keep the text of the file",
    content:
      "env: { A: 1.10, B: 0x1F, C: yes, D: True, E: 1_0, F: '', G: 007 }\nworkflows: { build: { steps: [{ run: true }] } }",
    plan: {
      name: "ci.yaml",
      workflows: [
        {
          ...workflow,
          env: { A: "1.10", B: "0x1F", C: "yes", D: "True", E: "1_0", F: "", G: "007" },
          steps: [{ ...step, run: "true" }],
        },
      ],
    },
  },
  {
    promise: "a matrix makes a workflow of each cell, the last key changing fastest",
    content: "workflows: { build: { matrix: { node-version: [24, 26], os: [a, b] }, steps: [{ run: make }] } }",
    plan: {
      name: "ci.yaml",
      workflows: [
        ["24", "a"],
        ["24", "b"],
        ["26", "a"],
        ["26", "b"],
      ].map(([node = "", os = ""]) => ({
        ...workflow,
        name: `build (node-version=${node}, os=${os})`,
        matrix: { "node-version": node, os },
        env: { MATRIX_NODE_VERSION: node, MATRIX_OS: os },
      })),
    },
  },
  {
    promise: "to depend on a workflow with a matrix is to depend on all its cells",
    content: `workflows:
  build: { depends_on: lint, steps: [run: make] }
  lint: { matrix: { os: [a, b] }, steps: [run: make] }`,
    plan: {
      name: "ci.yaml",
      workflows: [
        {
          ...workflow,
          dependsOn: [
            { name: "lint (os=a)", on: "success" },
            { name: "lint (os=b)", on: "success" },
          ],
        },
        { ...workflow, name: "lint (os=a)", base: "lint", matrix: { os: "a" }, env: { MATRIX_OS: "a" } },
        { ...workflow, name: "lint (os=b)", base: "lint", matrix: { os: "b" }, env: { MATRIX_OS: "b" } },
      ],
    },
  },
  {
    promise: "values that could be read as several are quoted in names",
    content: `workflows: { build: { matrix: { a: ["1", "1, b=2"], b: ["2"] }, steps: [{ run: make }] } }`,
    plan: {
      name: "ci.yaml",
      workflows: [
        { ...workflow, name: "build (a=1, b=2)", matrix: { a: "1", b: "2" }, env: { MATRIX_A: "1", MATRIX_B: "2" } },
        {
          ...workflow,
          name: `build (a="1, b=2", b=2)`,
          matrix: { a: "1, b=2", b: "2" },
          env: { MATRIX_A: "1, b=2", MATRIX_B: "2" },
        },
      ],
    },
  },
  {
    promise: "workflows stay in the order of the file, numbers as names too",
    content: "workflows: { b: &w { steps: [{ run: make }] }, 2: *w, 1: *w, a: *w }",
    plan: { name: "ci.yaml", workflows: ["b", "2", "1", "a"].map((name) => ({ ...workflow, name, base: name })) },
  },
  {
    promise: "an alias stands for the last anchor of its name before it",
    content: `workflows:
  a: { env: &e { K: 1 }, steps: [run: make] }
  b: { env: *e, steps: [run: make] }
  c: { env: &e { K: 2 }, steps: [run: make] }
  d: { env: *e, steps: [run: make] }`,
    plan: {
      name: "ci.yaml",
      workflows: ["a", "b", "c", "d"].map((name, index) => ({
        ...workflow,
        name,
        base: name,
        env: { K: index < 2 ? "1" : "2" },
      })),
    },
  },
  {
    promise: "nothing is expanded: what looks like a template reaches the shell as it is",
    content: "workflows: { build: { env: { A: '${B}' }, steps: [{ run: 'echo $MATRIX_OS ${{ x }}' }] } }",
    plan: {
      name: "ci.yaml",
      workflows: [{ ...workflow, env: { A: "${B}" }, steps: [{ ...step, run: "echo $MATRIX_OS ${{ x }}" }] }],
    },
  },
  {
    promise: "a byte order mark and Windows line ends are no trouble",
    content: "\uFEFFworkflows:\r\n  build:\r\n    steps:\r\n      - run: make\r\n",
    plan: { name: "ci.yaml", workflows: [workflow] },
  },
];

suite("a good file becomes a plan:", () => {
  for (const { promise, content, plan } of rows) {
    test(promise, () =>
      assert.deepEqual(planPipeline({ path: "ci.yaml", content }), { ok: true, plan: { ...plan, leftOut: [] } }),
    );
  }
});

test("plans share nothing: to change one workflow leaves the others as they are", () => {
  const content = `workflows:
  lint: { steps: [run: make] }
  a: { depends_on: lint, matrix: { k: [1, 2] }, concurrency: c, retry: 1, steps: [{ run: make }] }`;
  const result = planPipeline({ path: "ci.yaml", content });
  assert.ok(result.ok);
  const [, first, second] = result.plan.workflows;
  assert.ok(first && second);
  const before = structuredClone(second);
  Object.assign(first.labels, { os: "linux" });
  Object.assign(first.steps[0]?.env ?? {}, { A: "1" });
  Object.assign(first.dependsOn[0] ?? {}, { on: "always" });
  Object.assign(first.concurrency ?? {}, { limit: 7 });
  first.retry?.on.pop();
  assert.deepEqual(second, before);
});
