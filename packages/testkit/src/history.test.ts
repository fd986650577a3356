import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { checkWorkflow } from "./history.ts";

/** Transitions as "from>to@epoch". */
function wrongWith(state: string, epoch: string, ...transitions: string[]): string[] {
  const events = transitions.map((text) => {
    const [, from = "", to = "", at = ""] = /^(\w*)>(\w+)@(\d+)$/.exec(text) ?? [];
    return { workflow: "1", from: from === "" ? null : from, to, epoch: at };
  });
  return checkWorkflow({ id: "1", state, epoch }, events);
}

const ONCE = [">queued@0", "queued>leased@5", "leased>running@5"];

suite("a workflow's history", () => {
  test("of one that was tried twice and then succeeded is right", () => {
    const again = ["running>queued@5", "queued>leased@9", "leased>running@9", "running>succeeded@9"];
    assert.deepEqual(wrongWith("succeeded", "9", ...ONCE, ...again), []);
  });

  test("of one that never ran is right", () => {
    assert.deepEqual(wrongWith("skipped", "0", ">blocked@0", "blocked>skipped@0"), []);
  });

  for (const [what, wrong, expected] of [
    ["ends twice", ["running>succeeded@5", "succeeded>failed@5"], /succeeded to failed.* is no way to go/],
    ["reopens", ["running>failed@5", "failed>queued@5"], /failed to queued.* is no way to go/],
    ["tells a transition from another state", ["leased>failed@5"], /leased to failed.*, but it was running/],
    ["is given an older epoch", ["running>queued@5", "queued>leased@4"], /under epoch 4, after epoch 5/],
    ["is given an epoch twice", ["running>queued@5", "queued>leased@5"], /under epoch 5, after epoch 5/],
    ["is ended under a stale epoch", ["running>failed@3"], /under epoch 3, but 5 is current/],
    ["has no end for its state", [], /is failed, but its history ends with running/],
  ] as const) {
    test(`that ${what} is wrong`, () => {
      assert.match(wrongWith("failed", "5", ...ONCE, ...wrong).join("\n"), expected);
    });
  }
});
