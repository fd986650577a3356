import { build, proveProblems, step } from "./problem-table.ts";

proveProblems("an unknown key gets advice: what a habit from another format is here, the nearest key, or all keys:", [
  [
    "GitHub Actions",
    `on: push
jobs:
  build:
    runs-on: ubuntu-latest
`,
    [
      "1:1: workflows is missing: expected a mapping of names to workflows, at least one",
      '1:1: unknown key "on"; write `when: { event: push, branch: main }` in each workflow',
      '2:1: unknown key "jobs"; write `workflows:` with a key for each workflow',
    ],
  ],
  [
    "in a workflow",
    build("runs-on: x, needs: [a], strategy: {}, timeout-minutes: 5, if: x, name: x, container: x, <<: x"),
    [
      '1:43: workflows.build: unknown key "runs-on"; write `labels: { os: linux }`',
      '1:55: workflows.build: unknown key "needs"; write `depends_on: [NAME]`',
      '1:67: workflows.build: unknown key "strategy"; write `matrix: { KEY: [VALUE, ...] }`',
      '1:81: workflows.build: unknown key "timeout-minutes"; write `timeout: 10m`',
      '1:101: workflows.build: unknown key "if"; write `when: { expression: EXPRESSION }`, or `depends_on: [{ workflow: NAME, on: failure }]`',
      '1:108: workflows.build: unknown key "name"; the name of a workflow is its key under `workflows:`',
      '1:117: workflows.build: unknown key "container"; steps run on the system of the agent, which `labels:` choose; a step of a container backend has `image:`',
      '1:131: workflows.build: unknown key "<<"; write the keys themselves, or alias the whole mapping',
    ],
  ],
  [
    "in a step",
    step("run: make, uses: x, with: {}, working-directory: x, continue-on-error: true, timeout_minutes: 5, id: x"),
    [
      '1:44: workflows.build.steps[0]: unknown key "uses"; write `run: COMMAND`, for there are no actions or plugins; for actions/checkout, `checkout: true` in the workflow',
      '1:53: workflows.build.steps[0]: unknown key "with"; write `env: { KEY: value }`, read by the command',
      '1:63: workflows.build.steps[0]: unknown key "working-directory"; write `run: cd FOLDER && COMMAND`',
      '1:85: workflows.build.steps[0]: unknown key "continue-on-error"; did you mean "continue_on_error"?',
      '1:110: workflows.build.steps[0]: unknown key "timeout_minutes"; write `timeout: 10m`',
      '1:130: workflows.build.steps[0]: unknown key "id"; write `name: NAME`',
    ],
  ],
  [
    "Woodpecker",
    `when: { event: push }
steps:
  - image: node
    commands: [make]
`,
    [
      "1:1: workflows is missing: expected a mapping of names to workflows, at least one",
      '1:1: unknown key "when"; write `when: { event: push, branch: main }` in each workflow',
      '2:1: unknown key "steps"; write `workflows: { build: { steps: [...] } }`',
    ],
  ],
  [
    "commands of a step",
    step("commands: [make], image: x, when: {}, environment: {}"),
    [
      "1:31: workflows.build.steps[0]: run is missing: expected a command or a block of commands",
      '1:33: workflows.build.steps[0]: unknown key "commands"; write `run: |` with one command on each line',
      '1:61: workflows.build.steps[0]: unknown key "when"; write `if: EXPRESSION`, such as `if: failure()`',
      '1:71: workflows.build.steps[0]: unknown key "environment"; write `env: { KEY: value }`',
    ],
  ],
  [
    "policies where they do not belong",
    "concurrency: ci\nworkflows: { build: { steps: [{ run: make, retry: 2, priority: 1 }] } }",
    [
      '1:1: unknown key "concurrency"; write `concurrency:` in each workflow',
      '2:54: workflows.build.steps[0]: unknown key "priority"; write `priority:` in the workflow, which is leased as a whole',
    ],
  ],
  [
    "policies of other formats",
    build("cancel-in-progress: true, interruptible: true, concurrency_group: x, resource_group: x, retries: 2"),
    [
      '1:43: workflows.build: unknown key "cancel-in-progress"; write `concurrency: { group: NAME, when_full: cancel_previous }`',
      '1:69: workflows.build: unknown key "interruptible"; write `concurrency: { group: NAME, when_full: cancel_previous }`',
      '1:90: workflows.build: unknown key "concurrency_group"; write `concurrency: { group: NAME, limit: 2 }`',
      '1:112: workflows.build: unknown key "resource_group"; write `concurrency: NAME`',
      '1:131: workflows.build: unknown key "retries"; write `retry: 3`',
    ],
  ],
  [
    "in a concurrency",
    build("concurrency: { group: ci, cancel-in-progress: true, limits: 2, zzz: 1 }"),
    [
      '1:69: workflows.build.concurrency: unknown key "cancel-in-progress"; write `when_full: cancel_previous`',
      '1:95: workflows.build.concurrency: unknown key "limits"; did you mean "limit"?',
      '1:106: workflows.build.concurrency: unknown key "zzz"; a concurrency rule has group, limit, when_full',
    ],
  ],
  [
    "in a retry",
    build("retry: { max_attempts: 2, when: [failed], backof: 1s, zzz: 1 }"),
    [
      "1:43: workflows.build.retry: max is missing: expected a whole number from 1 to 10",
      '1:52: workflows.build.retry: unknown key "max_attempts"; write `max: 3`',
      '1:69: workflows.build.retry: unknown key "when"; write `on: [failed]`',
      '1:85: workflows.build.retry: unknown key "backof"; did you mean "backoff"?',
      '1:97: workflows.build.retry: unknown key "zzz"; a retry rule has max, backoff, backoff_max, on',
    ],
  ],
  [
    "in a dependency",
    "workflows: { a: { steps: [run: x] }, b: { steps: [run: x], depends_on: [{ workflow: a, status: x }, { a: always }] } }",
    [
      '1:88: workflows.b.depends_on[0]: unknown key "status"; write `on: failure`',
      "1:101: workflows.b.depends_on[1]: workflow is missing: expected the name of a workflow",
      '1:103: workflows.b.depends_on[1]: unknown key "a"; a dependency has workflow, on',
    ],
  ],
  [
    "a slip of the finger",
    `enV: {}
workflow: {}
workflows: { build: { step: [], steps: [{ rnu: make, run: make }], dependsOn: [] } }`,
    [
      '1:1: unknown key "enV"; did you mean "env"?',
      '2:1: unknown key "workflow"; did you mean "workflows"?',
      '3:23: workflows.build: unknown key "step"; did you mean "steps"?',
      '3:43: workflows.build.steps[0]: unknown key "rnu"; did you mean "run"?',
      '3:68: workflows.build: unknown key "dependsOn"; did you mean "depends_on"?',
    ],
  ],
  [
    "a key near nothing",
    `zzz: 1
workflows: { build: { zzz: 1, steps: [{ zzz: 1, run: make }] } }`,
    [
      '1:1: unknown key "zzz"; a file has name, env, workflows',
      '2:23: workflows.build: unknown key "zzz"; a workflow has when, labels, env, secrets, timeout, on_agent_lost, depends_on, priority, concurrency, retry, queue_timeout, matrix, approval, checkout, steps',
      '2:41: workflows.build.steps[0]: unknown key "zzz"; a step has name, run, shell, env, secrets, if, timeout, retry, continue_on_error, always, outputs, service, junit, artifacts, downloads, cache, image',
    ],
  ],
  [
    "a command instead of a step",
    build("").replace("run: make", "make"),
    ['1:31: workflows.build.steps[0]: expected a step such as `run: make build`, or `parallel: [...]`, found "make"'],
  ],
]);
