import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { WorkflowState, type EndReason } from "@groundcrew/proto";
import { displayWidth } from "../terminal/width.ts";
import { at, busyPipeline, pipeline, START_MS, stepRun, workflow } from "../testing/fixtures.ts";
import { renderPipeline, workflowNote } from "./pipeline.ts";

const view = { nowMs: START_MS + 33_000, width: 90, style: { colour: false, unicode: true } };

suite("a pipeline's picture", () => {
  test("shows every workflow and step with state, duration and what to know", () => {
    assert.deepEqual(renderPipeline(busyPipeline(), view), [
      " ● ci  #42  main@1a2b3c4  running  33s",
      " ✓ generate        succeeded      12s  on build-1",
      "   ✓ buf           succeeded      12s",
      " ● test (node=26)  running        20s  on build-2",
      "   ✓ install       succeeded     7.0s",
      "   ● unit tests    running        13s",
      " ✗ lint            failed        2.0s  a step failed",
      "   ✗ oxlint        failed        2.0s  exit code 1",
      " · bundle          blocked             after test (node=26), lint",
      " ○ deploy          queued              waits for an agent with os=linux",
      " ━━━━━━━━────────────  2 of 5 ended: 1 failed, 1 running, 1 blocked, 1 queued, 1 succeeded",
    ]);
  });

  test("keeps what needs attention when the screen is short", () => {
    const lines = renderPipeline(busyPipeline(), { ...view, height: 5, style: { colour: false, unicode: false } });
    assert.deepEqual(lines, [
      " * ci  #42  main@1a2b3c4  running  33s",
      " * test (node=26)  running        20s  on build-2",
      " x lint            failed        2.0s  a step failed",
      "   and 3 more: 1 blocked, 1 queued, 1 succeeded",
      " ########------------  2 of 5 ended: 1 failed, 1 running, 1 blocked, 1 queued, 1 succeeded",
    ]);
  });

  test("fits any screen, whatever its names hold", () => {
    const hostile = workflow("\x1b[2J日本語".repeat(20), WorkflowState.RUNNING, {
      error: "x\n".repeat(50),
      stepRuns: [stepRun("🚀".repeat(60), 2)],
    });
    const snapshot = pipeline(WorkflowState.RUNNING, [...busyPipeline().workflows, hostile], { name: "n".repeat(300) });
    for (let width = 1; width <= 130; width += 3) {
      for (let height = 1; height <= 14; height++) {
        const lines = renderPipeline(snapshot, { ...view, width, height, live: true });
        assert.ok(lines.length <= height, `${lines.length} lines on ${height} rows`);
        for (const line of lines) {
          assert.ok(width < 8 || displayWidth(line) <= width, `${displayWidth(line)} columns of ${width}: ${line}`);
          assert.doesNotMatch(line, /\p{Cc}/u);
        }
      }
    }
  });

  test("turns a symbol only while it is live", () => {
    const [first] = renderPipeline(busyPipeline(), { ...view, live: true });
    const [later] = renderPipeline(busyPipeline(), { ...view, live: true, nowMs: view.nowMs + 100 });
    assert.notEqual(first?.charAt(1), later?.charAt(1));
  });

  test("shows the newest try of each step, of the newest epoch", () => {
    const retried = workflow("w", WorkflowState.RUNNING, {
      startedAt: at(0),
      stepRuns: [
        stepRun("lost", 8, { ref: { workflowId: "11", epoch: "6", step: "lost", try: 1 } }),
        stepRun("build", 4),
        stepRun("build", 2, { id: "999" }),
      ],
    });
    const [, , ...steps] = renderPipeline(pipeline(WorkflowState.RUNNING, [retried]), view).slice(0, -1);
    assert.deepEqual(steps, ["   ● build  running"]);
  });
});

suite("the note beside a workflow", () => {
  const cases: [expected: string, state: WorkflowState, init: Parameters<typeof workflow>[2]][] = [
    ["waits for an agent", WorkflowState.QUEUED, {}],
    ["after a, b", WorkflowState.BLOCKED, { blockReason: 1, dependsOn: ["a", "b"] }],
    ["its start is delayed", WorkflowState.BLOCKED, { blockReason: 2 }],
    ["starts after 2026-11-21T12:00:09.000Z", WorkflowState.BLOCKED, { blockReason: 2, notBefore: at(9) }],
    [
      "is tried again after 2026-11-21T12:00:09.000Z",
      WorkflowState.BLOCKED,
      { blockReason: 2, notBefore: at(9), retries: 1 },
    ],
    ["its concurrency group deploy is full", WorkflowState.BLOCKED, { blockReason: 3, concurrencyGroup: "deploy" }],
    ["waits for approval", WorkflowState.BLOCKED, { blockReason: 5 }],
    ["on m1, attempt 2", WorkflowState.RUNNING, { agent: "m1", attempt: 2 }],
    ["on m1, ada asked to cancel it", WorkflowState.RUNNING, { agent: "m1", cancelRequested: true, canceledBy: "ada" }],
    ["by ada", WorkflowState.CANCELED, { endReason: 6, canceledBy: "ada" }],
    ["its agent was lost", WorkflowState.LOST, { endReason: 7, agent: "m1" }],
    ["a step failed: out of memory", WorkflowState.FAILED, { endReason: 2, error: "out of memory" }],
    ["for a reason unknown to crew", WorkflowState.FAILED, { endReason: 99 as EndReason }],
  ];
  for (const [expected, state, init] of cases) {
    test(expected, () => assert.equal(workflowNote(workflow("w", state, init)), expected));
  }
});
