import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { parseCsv } from "./csv.ts";

const textsOf = (csv: string) => parseCsv(csv).map((row) => row.map(({ text }) => text));

suite("a table in CSV", () => {
  test("has a place for each cell", () => {
    assert.deepEqual(parseCsv("a, b\r\n# remark\n\nc,d\n"), [
      [
        { text: "a", line: 1, column: 1 },
        { text: "b", line: 1, column: 3 },
      ],
      [
        { text: "c", line: 4, column: 1 },
        { text: "d", line: 4, column: 3 },
      ],
    ]);
  });

  const table: [string, string[][]][] = [
    ["", []],
    ["a", [["a"]]],
    ["a,", [["a", ""]]],
    [",a", [["", "a"]]],
    ["a,,b\n", [["a", "", "b"]]],
    ['"a,b","say ""x"""', [["a,b", 'say "x"']]],
    ['"two\nlines",b\nc', [["two\nlines", "b"], ["c"]]],
    ['"never closed,b', [["never closed,b"]]],
    ['a"b,c', [['a"b', "c"]]],
  ];
  for (const [csv, rows] of table) test(JSON.stringify(csv), () => assert.deepEqual(textsOf(csv), rows));

  test("counts lines on after a cell of several", () => {
    assert.deepEqual(parseCsv('"two\nlines",b\nc').at(-1), [{ text: "c", line: 3, column: 1 }]);
  });

  test("reads back what was written, whatever it is", () => {
    const cell = fc.string({ minLength: 1 }).map((text) => `x${text.replaceAll("\r", "")}x`);
    const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(rows, (wanted) => {
        const csv = wanted.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(",")).join("\n");
        assert.deepEqual(textsOf(csv), wanted);
      }),
    );
  });

  test("of any text never throws, and loses no line", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseCsv(text)));
  });
});
