import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { clone } from "@bufbuild/protobuf";
import { PipelineSchema, StepState, WorkflowState } from "@groundcrew/proto";
import { at, busyPipeline, stepRun } from "../testing/fixtures.ts";
import { pipelineChanges } from "./pipeline-changes.ts";

suite("what a pipe hears of a pipeline", () => {
  test("the first snapshot is told whole, in the order things happened", () => {
    assert.deepEqual(pipelineChanges(undefined, busyPipeline()), [
      "generate/buf succeeded after 12s",
      "generate succeeded after 12s (on build-1)",
      "test (node=26) running (on build-2)",
      "test (node=26)/install succeeded after 7.0s",
      "test (node=26)/unit tests running",
      "lint/oxlint failed after 2.0s (exit code 1)",
      "lint failed after 2.0s (a step failed)",
      "bundle blocked (after test (node=26), lint)",
      "deploy queued (waits for an agent with os=linux)",
      "pipeline ci running",
    ]);
  });

  test("the same snapshot again says nothing", () => {
    assert.deepEqual(pipelineChanges(busyPipeline(), busyPipeline()), []);
  });

  test("only what changed is told", () => {
    const after = clone(PipelineSchema, busyPipeline());
    const tests = after.workflows[1];
    assert.ok(tests);
    tests.stepRuns[1] = stepRun("unit tests", StepState.SUCCEEDED, {
      exitCode: 0,
      startedAt: at(20),
      finishedAt: at(40),
    });
    Object.assign(tests, { state: WorkflowState.SUCCEEDED, finishedAt: at(40) });
    assert.deepEqual(pipelineChanges(busyPipeline(), after), [
      "test (node=26)/unit tests succeeded after 20s",
      "test (node=26) succeeded after 27s (on build-2)",
    ]);
  });
});
