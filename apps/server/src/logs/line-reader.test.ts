import { LogStream } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { asEntries, batchesOf, type NumberedBatch } from "../testing/log-batches.ts";
import { LineMatcher } from "./line-matcher.ts";
import { LineReader, type Line } from "./line-reader.ts";

const BATCHES = batchesOf([
  [{ text: "zero\none\n" }, { text: "a\n", continued: true }, { text: "b\n", continued: true }],
  [{ text: "c\nfive\n" }, { text: "six\n", continued: true }, { text: "warning\n", stream: LogStream.STDERR }],
  [{ text: "eight\n", continued: true }],
  3,
  [{ text: "twelve\n", continued: true }],
]);

function read(batches: readonly NumberedBatch[], skipBy?: LineMatcher): Line[] {
  const reader = new LineReader({ skipBy });
  return [...batches.flatMap((batch) => reader.read(batch, batch)), ...reader.end()];
}

function shown(lines: readonly Line[]): [number: number, nextNumber: number, text: string][] {
  return lines.map(({ number, nextNumber, text }) => [number, nextNumber, Buffer.from(text).toString()]);
}

const LINES: ReturnType<typeof shown> = [
  [0, 1, "zero"],
  [1, 2, "one"],
  [2, 5, "abc"],
  [5, 6, "five"],
  [6, 7, "six"],
  [7, 8, "warning"],
  [8, 9, "eight"],
  [12, 13, "twelve"],
];

suite("the lines of a log", () => {
  test("are whole, with their numbers and times, from blocks and from entries", () => {
    const lines = read(BATCHES);
    assert.deepEqual(shown(lines), LINES);
    assert.ok(lines.every(({ atMs }) => atMs === 1_000));
    assert.deepEqual(shown(read(BATCHES.map(asEntries))), LINES);
  });

  test("of blocks that cannot match are left out, but for pieces", () => {
    const matcher = new LineMatcher("abc");
    assert.deepEqual(
      shown(read(BATCHES, matcher)).filter(([, , text]) => matcher.matches(Buffer.from(text))),
      [[2, 5, "abc"]],
    );
    const lines = shown(read(batchesOf([[{ text: "x\ny\n" }, { text: "abc\n" }], [{ text: "z\n" }]]), matcher));
    assert.deepEqual(lines, [[2, 3, "abc"]]);
  });

  test("do not grow without end", () => {
    const piece = { text: `${"x".repeat(64 * 1024)}\n`, continued: true };
    const lines = read(batchesOf([Array.from({ length: 9 }, () => piece)]));
    assert.deepEqual(
      lines.map(({ number, text }) => [number, text.length / 1024]),
      [
        [0, 256],
        [4, 256],
        [8, 64],
      ],
    );
  });
});
