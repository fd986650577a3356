import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { labelMisses } from "./labels.ts";

/** What an agent offers, what a workflow wants, which keys keep them apart, and why. */
const rules: [Record<string, string>, Record<string, string>, string[], string][] = [
  [{}, {}, [], "nothing wanted, nothing offered"],
  [{ os: "linux" }, {}, [], "an offer that nobody wants"],
  [{ os: "linux" }, { os: "linux" }, [], "the same value"],
  [{ os: "linux" }, { os: "mac" }, ["os"], "another value"],
  [{}, { os: "linux" }, ["os"], "a label the agent lacks"],
  [{ os: "*" }, { os: "mac" }, [], "the agent takes any value"],
  [{ os: "linux" }, { os: "*" }, ["os"], "a star is no wish"],
  [{ os: "linux", gpu: "h200" }, { os: "linux", gpu: "h200" }, [], "every label"],
  [{ os: "linux", gpu: "h200" }, { os: "linux", gpu: "a100" }, ["gpu"], "one of two"],
  [{ os: "linux" }, { os: "mac", gpu: "a100" }, ["os", "gpu"], "neither of two"],
  [{ "!gpu": "h200" }, {}, ["!gpu"], "only work that asks for the label"],
  [{ "!gpu": "h200" }, { gpu: "h200" }, [], "work that asks for it"],
  [{ "!gpu": "*" }, { gpu: "a100" }, [], "work that asks for any of it"],
  [{ "!gpu": "h200" }, { gpu: "a100" }, ["gpu"], "work that asks for another"],
  [{ gpu: "a100", "!gpu": "h200" }, { gpu: "a100" }, [], "the plain label says the value, the other insists"],
  [{}, { constructor: "x" }, ["constructor"], "names that every object has are no labels"],
  [{ "!toString": "x" }, {}, ["!toString"], "nor are they wishes"],
];

suite("labels", () => {
  for (const [offered, wanted, expected, why] of rules) {
    const verb = expected.length === 0 ? "match" : "do not match";
    test(`${JSON.stringify(offered)} ${verb} ${JSON.stringify(wanted)}: ${why}`, () => {
      const missed = labelMisses(offered, wanted).map((miss) => (miss.kind === "label" ? miss.key : `!${miss.key}`));
      assert.deepEqual(missed, expected);
    });
  }

  test("a miss says what is wanted and what the agent has instead", () => {
    assert.deepEqual(labelMisses({ os: "linux" }, { os: "mac", gpu: "h200" }), [
      { kind: "label", key: "os", wanted: "mac", offered: "linux" },
      { kind: "label", key: "gpu", wanted: "h200", offered: undefined },
    ]);
  });
});
