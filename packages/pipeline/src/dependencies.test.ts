import { build, proveProblems } from "./problem-table.ts";

proveProblems("a dependency that can never be met is told:", [
  [
    "on workflows that are not there",
    "workflows: { build: { steps: [run: make] }, test: { depends_on: [biuld, nowhere], steps: [run: make] } }",
    [
      '1:66: workflows.test.depends_on: expected the name of a workflow in this pipeline, found "biuld"; did you mean "build"?',
      '1:73: workflows.test.depends_on: expected the name of a workflow in this pipeline, found "nowhere"',
    ],
  ],
  [
    "on the workflow itself",
    build("depends_on: build"),
    ["1:55: workflows.build.depends_on: expected another workflow, found itself"],
  ],
  [
    "twice",
    "workflows: { a: { steps: [run: make] }, b: { depends_on: [a, a], steps: [run: make] } }",
    ['1:62: workflows.b.depends_on: the workflow "a" is on line 1 already'],
  ],
  [
    "twice, on two ends",
    "workflows: { a: { steps: [run: make] }, b: { depends_on: [a, { workflow: a, on: failure }], steps: [run: make] } }",
    ['1:74: workflows.b.depends_on: the workflow "a" is on line 1 already'],
  ],
  [
    "by a mapping on a workflow that is not there",
    "workflows: { build: { steps: [run: make] }, test: { depends_on: [{ workflow: biuld }], steps: [run: make] } }",
    [
      '1:78: workflows.test.depends_on: expected the name of a workflow in this pipeline, found "biuld"; did you mean "build"?',
    ],
  ],
  [
    "in a cycle, whatever the end waited for",
    `workflows:
  a: { depends_on: [{ workflow: b, on: failure }], steps: [run: make] }
  b: { depends_on: [{ workflow: a, on: always }], steps: [run: make] }
`,
    ["3:33: workflows.b.depends_on: expected no cycle, found a → b → a"],
  ],
  [
    "in a cycle",
    `workflows:
  a: { depends_on: c, steps: [run: make] }
  b: { depends_on: a, steps: [run: make] }
  c: { depends_on: [d, b], steps: [run: make] }
  d: { steps: [run: make] }
`,
    ["3:20: workflows.b.depends_on: expected no cycle, found a → c → b → a"],
  ],
  [
    "two cycles",
    `workflows:
  a: { depends_on: b, steps: [run: make] }
  b: { depends_on: a, steps: [run: make] }
  c: { depends_on: d, steps: [run: make] }
  d: { depends_on: c, steps: [run: make] }
`,
    [
      "3:20: workflows.b.depends_on: expected no cycle, found a → b → a",
      "5:20: workflows.d.depends_on: expected no cycle, found c → d → c",
    ],
  ],
  [
    "in a cycle, with other faults",
    `workflows:
  a: { depends_on: b, timeout: 1, steps: [run: make] }
  b: { depends_on: a, steps: [] }
`,
    [
      '2:32: workflows.a.timeout: expected a duration from 1s to 24h such as 30s, 5m or 1h30m, found "1"',
      "3:20: workflows.b.depends_on: expected no cycle, found a → b → a",
      "3:30: workflows.b.steps: expected a list of 1 to 256 steps, found an empty list",
    ],
  ],
]);
