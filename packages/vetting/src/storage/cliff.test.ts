import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { findCliff, parseBandwidthLog, type ThroughputSample } from "./cliff.ts";

/** One sample each half second: so many seconds at so many MB/s, one after another. */
function write(...plateaus: [seconds: number, megabytes: number][]): ThroughputSample[] {
  const rates = plateaus.flatMap(([seconds, megabytes]) => Array.from({ length: seconds * 2 }, () => megabytes * 1e6));
  return rates.map((bytesPerSecond, index) => ({ atMs: (index + 1) * 500, bytesPerSecond }));
}

suite("the end of a drive's cache", () => {
  test("is found where throughput falls and stays down, with what was written until then", () => {
    const cliff = findCliff(write([20, 3000], [30, 800]));
    assert.equal(cliff?.before, 3e9);
    assert.equal(cliff.after, 8e8);
    assert.ok(Math.abs((cliff.cacheBytes ?? 0) - 60e9) < 3 * 3e9, String(cliff.cacheBytes));
  });

  test("is not there in an even write, nor in one that pauses for a moment", () => {
    for (const samples of [write([40, 500]), write([10, 500], [1, 20], [30, 500]), write([20, 500], [20, 400])]) {
      const cliff = findCliff(samples);
      assert.equal(cliff?.cacheBytes, undefined);
      assert.equal(cliff?.before, cliff?.after);
    }
  });

  test("cannot be told of a short write", () => {
    assert.equal(findCliff(write([7, 3000], [7, 10])), undefined);
    assert.equal(findCliff([]), undefined);
  });

  test("never lies below the first plateau's share, whatever the samples", () => {
    const sample = fc.record({ atMs: fc.nat(120_000), bytesPerSecond: fc.nat(10 ** 10) });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 300 }), (samples) => {
        const cliff = findCliff(samples.toSorted((a, b) => a.atMs - b.atMs));
        assert.ok(cliff === undefined || (cliff.cacheBytes ?? 0) >= 0);
      }),
    );
  });
});

suite("fio's bandwidth log", () => {
  test("gives the samples of one direction, in bytes a second", () => {
    const log = "500, 1024, 1, 1048576, 0, 0\n1000, 2048, 0, 1048576, 0, 0\n1001, 10, 1, 4096, 0\n15";
    assert.deepEqual(parseBandwidthLog(log, "write"), [
      { atMs: 500, bytesPerSecond: 1_048_576 },
      { atMs: 1001, bytesPerSecond: 10_240 },
    ]);
    assert.deepEqual(parseBandwidthLog(log, "read"), [{ atMs: 1000, bytesPerSecond: 2_097_152 }]);
  });

  test("takes any text", () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseBandwidthLog(text, "write"))));
  });
});
