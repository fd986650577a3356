import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { matches } from "./labels.ts";

/** What an agent offers, what a workflow wants, and whether they match. */
const rules: [Record<string, string>, Record<string, string>, boolean, string][] = [
  [{}, {}, true, "nothing wanted, nothing offered"],
  [{ os: "linux" }, {}, true, "an offer that nobody wants"],
  [{ os: "linux" }, { os: "linux" }, true, "the same value"],
  [{ os: "linux" }, { os: "mac" }, false, "another value"],
  [{}, { os: "linux" }, false, "a label the agent lacks"],
  [{ os: "*" }, { os: "mac" }, true, "the agent takes any value"],
  [{ os: "linux" }, { os: "*" }, false, "a star is no wish"],
  [{ os: "linux", gpu: "h200" }, { os: "linux", gpu: "h200" }, true, "every label"],
  [{ os: "linux", gpu: "h200" }, { os: "linux", gpu: "a100" }, false, "one of two"],
  [{ "!gpu": "h200" }, {}, false, "only work that asks for the label"],
  [{ "!gpu": "h200" }, { gpu: "h200" }, true, "work that asks for it"],
  [{ "!gpu": "*" }, { gpu: "a100" }, true, "work that asks for any of it"],
  [{ "!gpu": "h200" }, { gpu: "a100" }, false, "work that asks for another"],
  [{}, { constructor: "x" }, false, "names that every object has are no labels"],
  [{ "!toString": "x" }, {}, false, "nor are they wishes"],
];

suite("labels", () => {
  for (const [offered, wanted, expected, why] of rules) {
    test(`${JSON.stringify(offered)} ${expected ? "matches" : "does not match"} ${JSON.stringify(wanted)}: ${why}`, () => {
      const agent = { kind: "build", labels: offered, machineId: "m1" } as const;
      assert.equal(matches(agent, { kind: "build", labels: wanted, machineId: null }), expected);
    });
  }

  test("an agent serves one kind of work, and pinned work runs on its machine only", () => {
    const agent = { kind: "vetting", labels: {}, machineId: "m1" } as const;
    assert.equal(matches(agent, { kind: "build", labels: {}, machineId: null }), false);
    assert.equal(matches(agent, { kind: "vetting", labels: {}, machineId: "m1" }), true);
    assert.equal(matches(agent, { kind: "vetting", labels: {}, machineId: "m2" }), false);
  });
});
