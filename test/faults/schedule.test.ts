import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planPipeline } from "../../packages/pipeline/src/index.ts";
import { scheduleOf } from "./schedule.ts";
import { pipelineFile } from "./workload.ts";

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

suite("a schedule", () => {
  test("is decided by its seed", () => {
    for (const seed of SEEDS) assert.deepEqual(scheduleOf(seed), scheduleOf(seed));
    assert.notDeepEqual(scheduleOf(1).steps, scheduleOf(2).steps);
  });

  test("submits pipelines that are ones", () => {
    for (const { action } of SEEDS.flatMap((seed) => scheduleOf(seed).steps)) {
      if (action.kind !== "submit") continue;
      const planned = planPipeline({ path: "pipeline.yaml", content: pipelineFile(action.pipeline) });
      assert.ok(planned.ok, JSON.stringify(planned));
    }
  });

  test("over some seeds does everything there is to do", () => {
    const kinds = new Set(SEEDS.flatMap((seed) => scheduleOf(seed).steps.map(({ action }) => action.kind)));
    assert.equal(kinds.size, 25, [...kinds].join());
  });
});
