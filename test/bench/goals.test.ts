import assert from "node:assert/strict";
import { test } from "node:test";
import { GOALS } from "./goals.ts";
import type { Metric, System } from "./metric.ts";

const metric = (name: string, value: number, system: System = "groundcrew"): Metric => ({
  name,
  system,
  value,
  unit: "1/s",
  min: value,
  max: value,
});

const judge = (...metrics: Metric[]) => GOALS.flatMap((goal) => goal.judge(metrics) ?? []);

test("what was not measured is not judged", () => {
  assert.deepEqual(judge(), []);
});

for (const [value, met] of [
  [15, true],
  [15.1, false],
] as const) {
  test(`a p99 of ${value} ms against at most 15 is ${met ? "met" : "missed"}`, () => {
    assert.deepEqual(judge(metric("dispatch_ms.p99", value)), [
      { name: "dispatch_ms.p99", value, goal: "at most 15", met },
    ]);
  });
}

test("a figure of a peer's is not taken for ours", () => {
  assert.deepEqual(judge(metric("dispatch_ms.p99", 1, "graphile-worker")), []);
});

test("a goal that compares needs both figures, and says what they come to", () => {
  const judged = judge(metric("lifecycle_per_s.calls", 400), metric("lifecycle_per_s.calls", 1_000, "limit"));
  const goal = "at least 0.5 times the 1000 of limit: it is 0.4 times";
  assert.deepEqual(judged, [{ name: "lifecycle_per_s.calls", value: 400, goal, met: false }]);
});
