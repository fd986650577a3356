import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { formatAge, formatDuration, parseDuration } from "./duration.ts";

suite("durations", () => {
  const written: [text: string, ms: number][] = [
    ["250ms", 250],
    ["30s", 30_000],
    ["1.5s", 1_500],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["7d", 604_800_000],
  ];
  for (const [text, ms] of written) test(`${text} is ${ms} ms`, () => assert.equal(parseDuration(text), ms));

  for (const text of ["", "5", "5x", "m5", "5m!", "-5s", " 5s"]) {
    test(`${JSON.stringify(text)} is refused`, () => assert.throws(() => parseDuration(text), /expected a duration/));
  }

  const shown: [ms: number, text: string][] = [
    [-5, "0.0s"],
    [8_140, "8.1s"],
    [9_960, "10s"],
    [45_000, "45s"],
    [59_700, "1m 00s"],
    [72_000, "1m 12s"],
    [7_500_000, "2h 05m"],
    [273_600_000, "3d 4h"],
  ];
  for (const [ms, text] of shown) test(`${ms} ms is ${text}`, () => assert.equal(formatDuration(ms), text));

  const ages: [ms: number, text: string][] = [
    [12_999, "12s ago"],
    [180_000, "3m ago"],
    [7_200_000, "2h ago"],
    [432_000_000, "5d ago"],
  ];
  for (const [ms, text] of ages) test(`${ms} ms is ${text}`, () => assert.equal(formatAge(ms), text));
});
