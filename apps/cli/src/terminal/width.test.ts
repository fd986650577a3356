import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { displayWidth, fit, truncate, wrap } from "./width.ts";

suite("width", () => {
  const widths: [text: string, columns: number][] = [
    ["", 0],
    ["abc", 3],
    ["é", 1],
    ["e\u0301", 1],
    ["日本", 4],
    ["🚀", 2],
    ["👩‍🚀", 2],
    ["\x1b[31mred\x1b[39m", 3],
    ["✓ ok", 4],
  ];
  for (const [text, columns] of widths) {
    test(`${JSON.stringify(text)} takes ${columns}`, () => assert.equal(displayWidth(text), columns));
  }

  const cuts: [text: string, width: number, expected: string][] = [
    ["workflow", 8, "workflow"],
    ["workflow", 5, "work…"],
    ["日本語", 4, "日…"],
    ["abc", 1, "…"],
    ["abc", 0, ""],
  ];
  for (const [text, width, expected] of cuts) {
    test(`${text} cut to ${width} is ${expected}`, () => assert.equal(truncate(text, width), expected));
  }

  test("what is fitted takes exactly its width", () => {
    for (const text of ["", "a", "日本語", "workflow"]) {
      for (let width = 1; width < 12; width++) assert.equal(displayWidth(fit(text, width)), width);
    }
    assert.equal(fit("7", 3, "right"), "  7");
  });

  test("what is wrapped loses no word and is no wider", () => {
    const lines = wrap("no disk here has SMART", 12, { first: "- ", rest: "  " });
    assert.deepEqual(lines, ["- no disk", "  here has", "  SMART"]);
    assert.deepEqual(wrap("", 12, { first: "", rest: "" }), [""]);
    assert.deepEqual(wrap("incomprehensible", 6, { first: "", rest: "" }), ["incom…"]);
  });
});
