import assert from "node:assert/strict";
import { test } from "node:test";
import { countLines } from "./numbered-lines.ts";

const of = (...numbers: number[]): string[] => numbers.map((number) => `line ${number} of 4`);

test("counts numbered lines up to the first that is not in its place", () => {
  assert.deepEqual(countLines(of(1, 2, 3, 4)), { inOrder: 4, announced: 4 });
  assert.deepEqual(countLines(of(1, 2)), { inOrder: 2, announced: 4 }, "cut short");
  assert.deepEqual(countLines(of(1, 3, 4)), { inOrder: 1, announced: 4, wrong: "line 3 of 4" }, "one is missing");
  assert.deepEqual(
    countLines(of(1, 2, 2, 3)),
    { inOrder: 2, announced: 4, wrong: "line 2 of 4" },
    "one is there twice",
  );
  assert.deepEqual(countLines(of(1, 3, 2)), { inOrder: 1, announced: 4, wrong: "line 3 of 4" }, "two are swapped");
  assert.deepEqual(countLines([...of(1), "something else"]), { inOrder: 1, announced: 4, wrong: "something else" });
  assert.deepEqual(countLines([]), { inOrder: 0, announced: 0 });
});
