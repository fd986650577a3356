import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { WorkflowStateName } from "../db/schema.ts";
import { pipelineStateOf } from "./pipeline-state.ts";

const ENDED: [states: WorkflowStateName[], state: WorkflowStateName][] = [
  [["succeeded"], "succeeded"],
  [["succeeded", "skipped"], "skipped"],
  [["succeeded", "skipped", "canceled"], "canceled"],
  [["canceled", "lost"], "lost"],
  [["lost", "timed_out"], "timed_out"],
  [["succeeded", "skipped", "canceled", "lost", "timed_out", "failed"], "failed"],
];

const OPEN: [states: WorkflowStateName[], started: boolean, state: WorkflowStateName][] = [
  [["blocked"], false, "blocked"],
  [["blocked", "queued"], false, "queued"],
  [["blocked", "queued", "leased"], false, "running"],
  [["running", "failed"], true, "running"],
  // Between two workflows nobody runs anything, but the pipeline is on its way.
  [["queued", "succeeded"], true, "running"],
  // What ended without ever starting does not make it so.
  [["queued", "canceled"], false, "queued"],
];

suite("the state of a pipeline", () => {
  for (const [states, expected] of ENDED) {
    test(`is the worst end once all have ended: ${states.join(", ")} → ${expected}`, () => {
      assert.equal(pipelineStateOf(new Set(states), true), expected);
    });
  }

  for (const [states, started, expected] of OPEN) {
    test(`${states.join(", ")}${started ? ", started" : ""} → ${expected}`, () => {
      assert.equal(pipelineStateOf(new Set(states), started), expected);
    });
  }
});
