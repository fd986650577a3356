import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { plainStyle } from "./style.ts";
import { renderTable } from "./table.ts";
import { displayWidth } from "./width.ts";

const columns = [{ title: "ID", align: "right" as const }, { title: "NAME", flexible: true }, { title: "STATE" }];
const rows = [
  ["7", "a rather long name of a pipeline", "running"],
  ["1234", "ci", { text: "failed", look: "red" as const }],
];

suite("a table", () => {
  test("aligns its columns", () => {
    assert.deepEqual(renderTable(columns, rows, { style: plainStyle }), [
      "  ID  NAME                              STATE",
      "   7  a rather long name of a pipeline  running",
      "1234  ci                                failed",
    ]);
  });

  test("shrinks its flexible columns to fit a terminal", () => {
    const lines = renderTable(columns, rows, { style: plainStyle, width: 30 });
    assert.deepEqual(lines, [
      "  ID  NAME             STATE",
      "   7  a rather long …  running",
      "1234  ci               failed",
    ]);
    assert.ok(lines.every((line) => displayWidth(line) <= 30));
  });

  test("makes cells safe to print", () => {
    const [, line] = renderTable([{ title: "N" }], [["\x1b[2Jx\n"]], { style: plainStyle });
    assert.equal(line, "^[[2Jx^J");
  });
});
