import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { builtInProfiles, judgeStage, readOcp } from "@groundcrew/vetting";
import { startStage } from "./testing.ts";

suite("the program that runs a stage", () => {
  const misuses: [name: string, stage: string, parameters: string, message: RegExp][] = [
    ["a stage that does not exist", "sewing", "{}", /there is no stage "sewing"; known: inventory, smart, cpu_stress/],
    ["parameters that are no JSON", "inventory", "{", /JSON/],
    [
      "parameters that are no object",
      "inventory",
      "[1]",
      /GROUNDCREW_STAGE_PARAMETERS is \[1\]; a JSON object is expected/,
    ],
  ];
  for (const [name, stage, parameters, message] of misuses) {
    test(`refuses ${name}, with exit code 2 and no evidence`, async (t) => {
      const { ended } = await startStage(t, stage, { parameters });
      const { exitCode, log, ocp } = await ended;
      assert.deepEqual([exitCode, ocp], [2, ""]);
      assert.match(log, message);
      assert.doesNotMatch(log, /^ {4}at /m, "a stack trace is no answer");
    });
  }

  test("records that a stage broke, and why: parameters it does not take", async (t) => {
    const { ended } = await startStage(t, "cpu_stress", { parameters: { segments: "many" } });
    const { exitCode, ocp } = await ended;
    const run = readOcp(ocp);
    assert.equal(exitCode, 1);
    assert.deepEqual(run.end, { status: "ERROR", result: "NOT_APPLICABLE" });
    assert.equal(run.errors[0]?.symptom, "stage-broke");
    const profile = builtInProfiles.get("demo")?.stages.find((stage) => stage.name === "cpu_stress");
    assert.ok(profile !== undefined);
    assert.equal(judgeStage(profile, { outcome: "completed", exitCode: 0, ocp }).verdict, "error");
  });
});
