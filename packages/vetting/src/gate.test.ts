import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { judgeGate, type Operator } from "./gate.ts";

suite("a gate", () => {
  const table: [measured: number, op: Operator, wanted: number, holds: boolean][] = [
    [1, "=", 1, true],
    [1, "=", 2, false],
    [1, "!=", 2, true],
    [1, "!=", 1, false],
    [1, "<", 2, true],
    [2, "<", 2, false],
    [2, "<=", 2, true],
    [3, "<=", 2, false],
    [3, ">", 2, true],
    [2, ">", 2, false],
    [2, ">=", 2, true],
    [1, ">=", 2, false],
  ];
  for (const [measured, op, wanted, holds] of table) {
    test(`${measured} ${op} ${wanted} ${holds ? "holds" : "does not hold"}`, () => {
      const gate = { metric: "m", op, value: wanted, severity: "warn", optional: false } as const;
      const result = judgeGate(gate, [{ name: "m", value: measured, unit: "s" }], undefined);
      assert.equal(result.verdict, holds ? "pass" : "warn");
      assert.deepEqual([result.value, result.unit, result.gate], [measured, "s", `${op} ${wanted}`]);
    });
  }

  const gate = { metric: "m", op: "=", value: 0, severity: "fail", optional: false } as const;

  test("must hold for every measurement of its metric, and tells of the one that breaks it", () => {
    const values = [0, 7, 0].map((value) => ({ name: "m", value, unit: "" }));
    const result = judgeGate(gate, values, undefined);
    assert.equal(result.verdict, "fail");
    assert.equal(result.message, "m is 7; = 0 is wanted");
  });

  test("names the parts that break it, where it is measured on several", () => {
    const values = [3, 0, 2].map((value, n) => ({ name: "m", value, unit: "", part: `drive ${n}` }));
    const result = judgeGate(gate, values, undefined);
    assert.equal(result.part, "drive 0");
    assert.equal(result.message, "m of drive 0 is 3, 2 of drive 2; = 0 is wanted");
  });

  test("is an error, not a pass, without a measurement; the stage's reason is told", () => {
    const result = judgeGate(gate, [{ name: "other", value: 0, unit: "" }], "no sensor");
    assert.deepEqual(result, {
      metric: "m",
      unit: "",
      gate: "= 0",
      verdict: "error",
      message: "m was not measured: no sensor",
    });
  });

  test("that is optional is skipped without a measurement", () => {
    assert.equal(judgeGate({ ...gate, optional: true }, [], undefined).verdict, "skip");
  });

  for (const value of ["0", "", true, false]) {
    test(`is an error for ${JSON.stringify(value)}, optional or not: that is no number`, () => {
      const result = judgeGate({ ...gate, optional: true }, [{ name: "m", value, unit: "" }], undefined);
      assert.equal(result.verdict, "error");
      assert.equal(result.value, undefined);
    });
  }
});
