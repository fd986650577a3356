import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { formatBits, parseBits } from "./bits.ts";

suite("rates", () => {
  test("are read with their unit, and with nothing else", () => {
    for (const [text, bits] of [
      ["25G", 25e9],
      ["2.5g", 2.5e9],
      ["100M", 1e8],
    ] as const)
      assert.equal(parseBits(text), bits);
    for (const text of ["", "25", "0G", "G", "-1G", "1e9G", "25Gbit", "25G "])
      assert.equal(parseBits(text), undefined, text);
  });

  test("are shown as links are sold", () => {
    assert.deepEqual(["25000000000", "100000000", "0"].map(formatBits), [
      "25 Gbit/s",
      "100 Mbit/s",
      "capacity not declared",
    ]);
  });
});
