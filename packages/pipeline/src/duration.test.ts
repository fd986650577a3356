import assert from "node:assert/strict";
import { test } from "node:test";
import { durationMs } from "./duration.ts";

const rows: [text: string, ms: number][] = [
  ["30s", 30_000],
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["1h5s", 3_605_000],
  ["24h", 86_400_000],
  ["2d", 172_800_000],
  ["1d2h3m4s", 93_784_000],
  ["0s", 0],
  ["", Number.NaN],
  ["10", Number.NaN],
  ["1.5h", Number.NaN],
  ["-1s", Number.NaN],
  ["5m1h", Number.NaN],
  ["5 m", Number.NaN],
  ["1h1d", Number.NaN],
  ["1w", Number.NaN],
  ["1h\n", Number.NaN],
];

for (const [text, ms] of rows) {
  test(`${JSON.stringify(text)} is ${Number.isNaN(ms) ? "no duration" : `${ms} ms`}`, () =>
    assert.equal(durationMs(text), ms));
}
