import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Lines } from "./lines.ts";

test("a position is the number of lines before, and of characters before in its line", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "é", "\n", "\r\n"), maxLength: 30 });
  fc.assert(
    fc.property(text, fc.nat(60), (text, some) => {
      const before = text.slice(0, some);
      const lines = before.split("\n");
      const position = { path: "ci.yaml", line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
      assert.deepEqual(new Lines("ci.yaml", text).at(before.length), position);
    }),
  );
});
