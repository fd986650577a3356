import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { judgeStage } from "../evaluate.ts";
import { recordOf, STAGE } from "../testing.ts";

suite("a figure that something besides the hardware held down", () => {
  const judge = (wrong: number, metrics: string[]) => {
    const ocp = recordOf((record) => {
      record.measurement("wrong", wrong);
      record.measurement("sound", 1);
      record.doubt({ metrics, why: "the reflector was busy" });
    });
    return judgeStage(STAGE, { outcome: "completed", ocp });
  };

  test("does not fail the hardware: it is an error that says what it was", () => {
    const { verdict, reasons } = judge(3, ["wrong"]);
    assert.equal(verdict, "error");
    assert.deepEqual(reasons, ["wrong is 3; = 0 is wanted; but the reflector was busy"]);
  });

  test("passes when it is good enough all the same", () => {
    assert.equal(judge(0, ["wrong"]).verdict, "pass");
  });

  test("excuses no other figure", () => {
    assert.equal(judge(3, ["slow", "sound"]).verdict, "fail");
  });
});
