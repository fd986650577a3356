import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { recordOf } from "../testing.ts";
import { baselineOf, positionOf } from "./baseline.ts";
import { figuresOf } from "./figures.ts";

const figure = (value: number) => ({ stage: "storage", metric: "read", unit: "MB/s", value }) as const;
const around100 = (n: number) => Array.from({ length: n }, (_, index) => 96 + (index % 9));

suite("a figure among those of machines alike", () => {
  test("is told by median and spread: 1.4826 times the median absolute deviation", () => {
    const { spread = 0, ...rest } = baselineOf([100, 90, 110, 80, 120]) ?? {};
    assert.deepEqual({ ...rest, spread: spread.toFixed(3) }, { n: 5, median: 100, spread: "14.826" });
  });

  test("has a spread of at least 2 % of the median, so that noise makes no outlier", () => {
    assert.deepEqual(baselineOf([100, 100, 100, 100, 100]), { n: 5, median: 100, spread: 2 });
    assert.equal(positionOf(figure(91), [100, 100, 100, 100, 100]).verdict, "within");
    assert.equal(positionOf(figure(89), [100, 100, 100, 100, 100]).verdict, "warn");
  });

  const table: [number, number, string][] = [
    [4, 10, "too_few"],
    [5, 100, "within"],
    [5, 10, "warn"],
    [19, 10, "warn"],
    [20, 10, "fail"],
    [20, 1000, "fail"],
    [20, 100, "within"],
  ];
  for (const [n, value, verdict] of table) {
    test(`of ${value}, with ${n} like it around 100: ${verdict}`, () => {
      assert.equal(positionOf(figure(value), around100(n)).verdict, verdict);
    });
  }

  test("is said in words", () => {
    assert.match(
      positionOf(figure(50), around100(23)).message,
      /^50 MB\/s; 23 like it: median 99 MB\/s, spread 2.965; 16.5 spreads below$/,
    );
    assert.match(positionOf(figure(50), [1]).message, /1 like it, and 5 are needed/);
    assert.equal(positionOf(figure(3), [0, 0, 0, 0, 0]).verdict, "warn");
  });

  test("is always a finite distance away, and one far from all is never within", () => {
    const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: 1, max: 1e6 });
    fc.assert(
      fc.property(fc.array(value, { minLength: 5, maxLength: 40 }), value, (others, own) => {
        assert.ok(Number.isFinite(positionOf(figure(own), others).spreads));
        const far = Math.max(...others) * 1e9;
        assert.notEqual(positionOf(figure(far), others).verdict, "within");
      }),
    );
  });
});

suite("the figures of a stage", () => {
  test("are its numbers; what was measured on several parts is the least and the most", () => {
    const ocp = recordOf((record) => {
      record.measurement("a.b", 1, "s");
      record.measurement("a.text", "fast");
      for (const value of [5, 3, 4]) record.measurement("a.disk", value);
    });
    assert.deepEqual(
      figuresOf("smart", ocp).map(({ metric, value, unit }) => [metric, value, unit]),
      [
        ["a.b", 1, "s"],
        ["a.disk.least", 3, ""],
        ["a.disk.most", 5, ""],
      ],
    );
  });

  test("of a broken record are none", () => assert.deepEqual(figuresOf("smart", "{"), []));
});
