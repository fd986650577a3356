import assert from "node:assert/strict";
import { test } from "node:test";
import { metricsOf, quantile, type Reading } from "./metric.ts";

const reading = (value: number, system: Reading["system"] = "groundcrew"): Reading => ({
  name: "m",
  system,
  value,
  unit: "ms",
});

for (const [values, value, min, max] of [
  [[3], 3, 3, 3],
  [[3, 1, 2], 2, 1, 3],
  [[4, 1, 2, 3], 2.5, 1, 4],
] as const) {
  test(`the median of ${values.join(", ")} is ${value}`, () => {
    const metrics = metricsOf(values.map((one) => reading(one)));
    assert.deepEqual(metrics, [{ name: "m", system: "groundcrew", value, unit: "ms", min, max }]);
  });
}

test("each system has a row of its own, in the order of their first readings", () => {
  const metrics = metricsOf([reading(1), reading(2, "limit"), reading(3)]);
  assert.deepEqual(
    metrics.map(({ system, value }) => [system, value]),
    [
      ["groundcrew", 2],
      ["limit", 2],
    ],
  );
});

for (const [q, value] of [
  [0, 10],
  [0.5, 20],
  [0.75, 25],
  [1, 30],
] as const) {
  test(`${q} of 10, 20, 30 lies below ${value}`, () => assert.equal(quantile([10, 20, 30], q), value));
}
