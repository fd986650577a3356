import assert from "node:assert/strict";
import { test } from "node:test";
import { metricOf } from "./metric.ts";

for (const [values, value, min, max] of [
  [[3], 3, 3, 3],
  [[3, 1, 2], 2, 1, 3],
  [[4, 1, 2, 3], 2.5, 1, 4],
] as const) {
  test(`the median of ${values.join(", ")} is ${value}`, () => {
    const metric = metricOf({ name: "m", unit: "ms", goal: 1, values: [...values] });
    assert.deepEqual(metric, { name: "m", system: "groundcrew", value, unit: "ms", min, max });
  });
}
