import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { evaluateRun } from "./evaluate-run.ts";
import type { Profile } from "./profile.ts";
import { recordOf, STAGE } from "./testing.ts";

const sound = recordOf((ocp) => {
  ocp.measurement("wrong", 0);
  ocp.measurement("slow", 20);
  ocp.measurement("sound", 1);
});
const profile = (slow: number): Profile => ({
  name: "again",
  description: "",
  stages: [
    { name: "inventory", skip: "not asked" },
    { ...STAGE, gates: STAGE.gates.map((gate) => (gate.metric === "slow" ? { ...gate, value: slow } : gate)) },
  ],
});

suite("a run's kept evidence", () => {
  test("is judged by any profile: the same machine warns by one and passes by another", () => {
    const evidence = new Map([["smart", { outcome: "completed", ocp: sound } as const]]);
    assert.equal(evaluateRun(profile(10), evidence).verdict, "warn");
    const { verdict, stages } = evaluateRun(profile(30), evidence);
    assert.equal(verdict, "pass");
    assert.deepEqual(
      stages.map((stage) => stage.verdict),
      ["skip", "pass"],
    );
  });

  test("that is not there is an error, never a pass", () => {
    const { verdict, stages, notCovered } = evaluateRun(profile(30), new Map());
    assert.equal(verdict, "error");
    assert.deepEqual(stages[1]?.reasons, ["there is no evidence of it"]);
    assert.deepEqual(notCovered, ["inventory: not asked", "smart: there is no evidence of it"]);
  });

  test("of a stage that was stopped stays what it was", () => {
    const evidence = new Map([["smart", { outcome: "timed_out", ocp: sound } as const]]);
    assert.equal(evaluateRun(profile(30), evidence).stages[1]?.verdict, "timed_out");
  });
});
