import { build, proveProblems, step } from "./problem-table.ts";

proveProblems("a value that does not fit is told with its place, what was found and what is expected:", [
  ["no workflows", "name: demo", ["1:1: workflows is missing: expected a mapping of names to workflows, at least one"]],
  [
    "workflows without any",
    "workflows: {}",
    ["1:12: workflows: expected a mapping of names to workflows, at least one, found an empty mapping"],
  ],
  [
    "a list of workflows",
    "workflows: [build]",
    ["1:12: workflows: expected a mapping of names to workflows, at least one, found a list of 1"],
  ],
  [
    "nothing where something must be",
    `name:
env:
workflows:
  build:
    labels:
    steps:
`,
    [
      "1:6: name: expected one line of 1 to 128 characters, found nothing",
      "2:5: env: expected a mapping of at most 256 variables to values, found nothing",
      "5:12: workflows.build.labels: expected a mapping of at most 64 labels to values, found nothing",
      "6:11: workflows.build.steps: expected a list of 1 to 256 steps, found nothing",
    ],
  ],
  [
    "a workflow without steps",
    "workflows: { build: {} }",
    ["1:14: workflows.build: steps is missing: expected a list of 1 to 256 steps"],
  ],
  [
    "an empty list of steps",
    "workflows: { build: { steps: [] } }",
    ["1:30: workflows.build.steps: expected a list of 1 to 256 steps, found an empty list"],
  ],
  [
    "a step without a command",
    step("name: compile"),
    ["1:31: workflows.build.steps[0]: run is missing: expected a command or a block of commands"],
  ],
  [
    "an empty command",
    step('run: " "'),
    ['1:38: workflows.build.steps[0].run: expected a command or a block of commands, found " "'],
  ],
  [
    "a command that is a list",
    step("run: [make, test]"),
    ["1:38: workflows.build.steps[0].run: expected a command or a block of commands, found a list of 2"],
  ],
  [
    "a shell that is not there",
    step("run: make, shell: zsh"),
    ['1:51: workflows.build.steps[0].shell: expected sh or bash, found "zsh"'],
  ],
  [
    "a duration without a unit",
    build("timeout: 10"),
    ['1:52: workflows.build.timeout: expected a duration from 1s to 24h such as 30s, 5m or 1h30m, found "10"'],
  ],
  [
    "a duration too long",
    build("timeout: 25h"),
    ['1:52: workflows.build.timeout: expected a duration from 1s to 24h such as 30s, 5m or 1h30m, found "25h"'],
  ],
  [
    "no time at all",
    step("run: make, timeout: 0s"),
    ['1:53: workflows.build.steps[0].timeout: expected a duration from 1s to 24h such as 30s, 5m or 1h30m, found "0s"'],
  ],
  [
    "a duration backwards",
    build("timeout: 5m1h"),
    ['1:52: workflows.build.timeout: expected a duration from 1s to 24h such as 30s, 5m or 1h30m, found "5m1h"'],
  ],
  [
    "another policy for lost agents",
    build("on_agent_lost: retry"),
    ['1:58: workflows.build.on_agent_lost: expected requeue or fail, found "retry"'],
  ],
  [
    "a matrix that is no mapping of lists",
    build("matrix: { node: 24, os: [], arch: [~, [x]] }"),
    [
      '1:59: workflows.build.matrix.node: expected a list of 1 to 256 values, found "24"',
      "1:67: workflows.build.matrix.os: expected a list of 1 to 256 values, found an empty list",
      "1:78: workflows.build.matrix.arch[0]: expected one line of 1 to 128 characters, found nothing",
      "1:81: workflows.build.matrix.arch[1]: expected one line of 1 to 128 characters, found a list of 1",
    ],
  ],
  [
    "an empty matrix",
    build("matrix: {}"),
    ["1:51: workflows.build.matrix: expected a mapping of keys to lists of values, found an empty mapping"],
  ],
]);

proveProblems("a name that does not fit is told with its place, and where it stood before:", [
  [
    "workflows",
    'workflows: { "-a": {}, "a/b": { steps: [run: make] }, "": { steps: [run: make] } }',
    [
      "1:14: workflows.-a: steps is missing: expected a list of 1 to 256 steps",
      '1:14: workflows: expected a name of 1 to 63 letters, digits, dots, spaces, _ or -, a letter or digit first, found "-a"',
      '1:24: workflows: expected a name of 1 to 63 letters, digits, dots, spaces, _ or -, a letter or digit first, found "a/b"',
      '1:55: workflows: expected a name of 1 to 63 letters, digits, dots, spaces, _ or -, a letter or digit first, found ""',
    ],
  ],
  [
    "steps",
    step("run: make, name: a:b"),
    [
      '1:50: workflows.build.steps[0].name: expected a name of 1 to 63 letters, digits, dots, spaces, _ or -, a letter or digit first, found "a:b"',
    ],
  ],
  [
    "steps that share one",
    "workflows:\n  build:\n    steps:\n      - { run: a, name: x }\n      - { run: b, name: step 3 }\n      - { run: c }\n      - { run: d, name: x }\n",
    [
      '6:9: workflows.build: the step name "step 3" is on line 5 already',
      '7:25: workflows.build: the step name "x" is on line 4 already',
    ],
  ],
  [
    "variables",
    "env: { 1A: x, A-B: x, GROUNDCREW_A: x, MATRIX_A: x }\n" + step("run: make, env: { MATRIX_A: x }"),
    [
      '1:8: env: expected a variable of 1 to 128 letters, digits or _, no digit first, found "1A"',
      '1:15: env: expected a variable of 1 to 128 letters, digits or _, no digit first, found "A-B"',
      '1:23: env: expected a variable outside GROUNDCREW_ and MATRIX_, which are reserved, found "GROUNDCREW_A"',
      '1:40: env: expected a variable outside GROUNDCREW_ and MATRIX_, which are reserved, found "MATRIX_A"',
      '2:51: workflows.build.steps[0].env: expected a variable outside GROUNDCREW_ and MATRIX_, which are reserved, found "MATRIX_A"',
    ],
  ],
  [
    "labels",
    build("labels: { a=b: x, os: '${OS}', arch: [x] }"),
    [
      '1:53: workflows.build.labels: expected a label of 1 to 128 letters, digits, dots, /, _ or -, a letter or digit first, found "a=b"',
      '1:65: workflows.build.labels.os: expected the label\'s value itself, for nothing is expanded in it, found "${OS}"',
      "1:80: workflows.build.labels.arch: expected one line of 1 to 128 characters, found a list of 1",
    ],
  ],
  [
    "matrix keys",
    build("matrix: { 1a: [x], include: [{ 2b: x }] }"),
    [
      '1:53: workflows.build.matrix: expected a matrix key of 1 to 63 letters, digits, _ or -, a letter first, found "1a"',
      '1:74: workflows.build.matrix.include[0]: expected a matrix key of 1 to 63 letters, digits, _ or -, a letter first, found "2b"',
    ],
  ],
  [
    "matrix values that repeat",
    build("matrix: { node: [24, 26, '24'] }"),
    ['1:68: workflows.build.matrix.node: the value "24" is on line 1 already'],
  ],
  [
    "matrix keys that share a variable",
    build("matrix: { a-b: [x], A_B: [x] }"),
    ['1:63: workflows.build.matrix: the variable "MATRIX_A_B" is on line 1 already'],
  ],
]);
