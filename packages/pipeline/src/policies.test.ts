import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planPipeline, type WorkflowPlan } from "./index.ts";
import { build, proveProblems } from "./problem-table.ts";

/** The second workflow of a file with these entries, which may depend on the first: `lint`. */
function planned(entries: string): WorkflowPlan | undefined {
  const steps = "steps: [run: make]";
  const content = `workflows: { lint: { ${steps} }, build: { ${steps}, ${entries} } }`;
  const result = planPipeline({ path: "ci.yaml", content });
  assert.ok(result.ok, JSON.stringify(result));
  return result.plan.workflows[1];
}

const tenSeconds = { backoffMs: 10_000, backoffMaxMs: 300_000 };
const everyReason = ["failed", "timed_out", "lost", "agent_error"] as const;

suite("a policy may be written short or in full:", () => {
  const rows: [entries: string, policy: Partial<WorkflowPlan>][] = [
    ["depends_on: lint", { dependsOn: [{ name: "lint", on: "success" }] }],
    ["depends_on: [{ workflow: lint }]", { dependsOn: [{ name: "lint", on: "success" }] }],
    ["depends_on: [{ workflow: lint, on: failure }]", { dependsOn: [{ name: "lint", on: "failure" }] }],
    ["depends_on: [{ workflow: lint, on: always }]", { dependsOn: [{ name: "lint", on: "always" }] }],
    ["depends_on: []", { dependsOn: [] }],
    ["priority: -100", { priority: -100 }],
    ["priority: 7", { priority: 7 }],
    ["concurrency: deploy", { concurrency: { group: "deploy", limit: 1, whenFull: "queue" } }],
    ["concurrency: { group: 42 }", { concurrency: { group: "42", limit: 1, whenFull: "queue" } }],
    [
      "concurrency: { group: deploy to $HOME, limit: 3, when_full: cancel_previous }",
      { concurrency: { group: "deploy to $HOME", limit: 3, whenFull: "cancel_previous" } },
    ],
    ["retry: 2", { retry: { max: 2, ...tenSeconds, on: [...everyReason] } }],
    ["retry: { max: 2, on: [lost, failed] }", { retry: { max: 2, ...tenSeconds, on: ["lost", "failed"] } }],
    [
      "retry: { max: 10, backoff: 1s, backoff_max: 1s }",
      { retry: { max: 10, backoffMs: 1000, backoffMaxMs: 1000, on: [...everyReason] } },
    ],
    [
      "retry: { max: 1, backoff: 1h }",
      { retry: { max: 1, backoffMs: 3_600_000, backoffMaxMs: 3_600_000, on: [...everyReason] } },
    ],
    ["queue_timeout: 2d12h", { queueTimeoutMs: 216_000_000 }],
  ];
  const none: Partial<WorkflowPlan> = { dependsOn: [], priority: 0, queueTimeoutMs: 0 };
  const policiesOf = ({ dependsOn, priority, concurrency, retry, queueTimeoutMs }: WorkflowPlan) => ({
    dependsOn,
    priority,
    queueTimeoutMs,
    ...(concurrency && { concurrency }),
    ...(retry && { retry }),
  });
  for (const [entries, policy] of rows) {
    test(entries, () => {
      const workflow = planned(entries);
      assert.ok(workflow);
      assert.deepEqual(policiesOf(workflow), { ...none, ...policy });
    });
  }
});

test("what must not run again when its agent is lost is not tried again for that, unless it says so", () => {
  const on = (entries: string) => planned(`on_agent_lost: fail, ${entries}`)?.retry?.on;
  assert.deepEqual(on("retry: 2"), ["failed", "timed_out", "agent_error"]);
  assert.deepEqual(on("retry: { max: 2, on: [lost] }"), ["lost"]);
});

test("all cells of a matrix have the policies of their workflow: one group, and the condition for each cell waited for", () => {
  const content = `workflows:
  test: { matrix: { node: [24, 26] }, concurrency: devices, retry: 1, priority: 5, steps: [run: make] }
  report: { depends_on: [{ workflow: test, on: always }], steps: [run: make] }`;
  const result = planPipeline({ path: "ci.yaml", content });
  assert.ok(result.ok);
  const [first, second, report] = result.plan.workflows;
  for (const cell of [first, second]) {
    assert.equal(cell?.concurrency?.group, "devices");
    assert.equal(cell.retry?.max, 1);
    assert.equal(cell.priority, 5);
  }
  assert.deepEqual(report?.dependsOn, [
    { name: "test (node=24)", on: "always" },
    { name: "test (node=26)", on: "always" },
  ]);
});

const dependencies = "the name of a workflow or a list such as `[NAME, { workflow: NAME, on: always }]`";
const dependency = "the name of a workflow or `{ workflow: NAME, on: always }`";

proveProblems("a policy that does not fit is told with its place, what was found and what is expected:", [
  [
    "depends_on that is no name",
    build("depends_on: { workflow: lint }"),
    [`1:55: workflows.build.depends_on: expected ${dependencies}, found a mapping of 1`],
  ],
  [
    "depends_on with something else",
    build("depends_on: [~, [x]]"),
    [
      `1:56: workflows.build.depends_on[0]: expected ${dependency}, found nothing`,
      `1:59: workflows.build.depends_on[1]: expected ${dependency}, found a list of 1`,
    ],
  ],
  [
    "a dependency that is no better as a mapping",
    build("depends_on: [{ on: failure }, { workflow: [x] }, { workflow: build, on: failed }]"),
    [
      "1:56: workflows.build.depends_on[0]: workflow is missing: expected the name of a workflow",
      "1:85: workflows.build.depends_on[1].workflow: expected the name of a workflow, found a list of 1",
      "1:104: workflows.build.depends_on: expected another workflow, found itself",
      '1:115: workflows.build.depends_on[2].on: expected success, failure or always, found "failed"',
    ],
  ],
  [
    "no priority",
    build("priority: ~"),
    ["1:53: workflows.build.priority: expected a whole number from -100 to 100, found nothing"],
  ],
  [
    "a priority in words",
    build("priority: high"),
    ['1:53: workflows.build.priority: expected a whole number from -100 to 100, found "high"'],
  ],
  [
    "a priority too high",
    build("priority: 101"),
    ['1:53: workflows.build.priority: expected a whole number from -100 to 100, found "101"'],
  ],
  [
    "a priority too low",
    build("priority: -101"),
    ['1:53: workflows.build.priority: expected a whole number from -100 to 100, found "-101"'],
  ],
  [
    "half a priority",
    build("priority: 1.5"),
    ['1:53: workflows.build.priority: expected a whole number from -100 to 100, found "1.5"'],
  ],
  [
    "a limit where the group stands",
    build("concurrency: 2"),
    [
      '1:56: workflows.build.concurrency: expected the name of a group, or `{ group: NAME, limit: 2 }` where the number is the limit, found "2"',
    ],
  ],
  [
    "a short concurrency that is empty",
    build("concurrency: ''"),
    ['1:56: workflows.build.concurrency: expected one line of 1 to 128 characters, found ""'],
  ],
  [
    "a list of groups",
    build("concurrency: [a, b]"),
    [
      "1:56: workflows.build.concurrency: expected the name of a group or `{ group: NAME, limit: 2 }`, found a list of 2",
    ],
  ],
  [
    "a group that would have to be expanded",
    build("concurrency: 'deploy-${BRANCH}'"),
    [
      '1:56: workflows.build.concurrency: expected the group\'s name itself, for nothing is expanded in it, found "deploy-${BRANCH}"',
    ],
  ],
  [
    "a concurrency with faults",
    build("concurrency: { group: '', limit: 0, when_full: drop }"),
    [
      '1:65: workflows.build.concurrency.group: expected one line of 1 to 128 characters, found ""',
      '1:76: workflows.build.concurrency.limit: expected a whole number from 1 to 1000, found "0"',
      '1:90: workflows.build.concurrency.when_full: expected queue or cancel_previous, found "drop"',
    ],
  ],
  [
    "a concurrency without a group",
    build("concurrency: { limit: 2 }"),
    ["1:43: workflows.build.concurrency: group is missing: expected one line of 1 to 128 characters"],
  ],
  ["no retry", build("retry: 0"), ['1:50: workflows.build.retry: expected a whole number from 1 to 10, found "0"']],
  [
    "retries by a list",
    build("retry: [failed]"),
    [
      "1:50: workflows.build.retry: expected a whole number from 1 to 10 or `{ max: 3, backoff: 30s }`, found a list of 1",
    ],
  ],
  [
    "a retry with faults",
    build("retry: { max: 11, backoff: 5, backoff_max: 25h, on: [failed, canceled] }"),
    [
      '1:57: workflows.build.retry.max: expected a whole number from 1 to 10, found "11"',
      '1:70: workflows.build.retry.backoff: expected a duration from 1s to 24h such as 30s, 5m or 1h30m, found "5"',
      '1:86: workflows.build.retry.backoff_max: expected a duration from 1s to 24h such as 30s, 5m or 1h30m, found "25h"',
      '1:104: workflows.build.retry.on[1]: expected failed, timed_out, lost or agent_error, found "canceled"',
    ],
  ],
  [
    "a retry without a number",
    build("retry: { on: [failed] }"),
    ["1:43: workflows.build.retry: max is missing: expected a whole number from 1 to 10"],
  ],
  [
    "pauses that would shrink",
    build("retry: { max: 3, backoff: 1m, backoff_max: 59s }"),
    ['1:86: workflows.build.retry.backoff_max: expected a duration not shorter than backoff, found "59s"'],
  ],
  [
    "a reason twice",
    build("retry: { max: 3, on: [lost, failed, lost] }"),
    ['1:79: workflows.build.retry.on[2]: expected each of them once, found "lost"'],
  ],
  [
    "no reason",
    build("retry: { max: 3, on: [] }"),
    ["1:64: workflows.build.retry.on: expected a list of failed, timed_out, lost or agent_error, found an empty list"],
  ],
  [
    "a wait of no time",
    build("queue_timeout: 0s"),
    ['1:58: workflows.build.queue_timeout: expected a duration from 1s to 14d such as 30m, 12h or 2d, found "0s"'],
  ],
  [
    "a wait too long",
    build("queue_timeout: 15d"),
    ['1:58: workflows.build.queue_timeout: expected a duration from 1s to 14d such as 30m, 12h or 2d, found "15d"'],
  ],
]);
