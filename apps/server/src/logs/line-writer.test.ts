import { LogStream } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { asEntries, batchesOf, type NumberedBatch } from "../testing/log-batches.ts";
import { LineWriter } from "./line-writer.ts";

const { STDERR, AGENT } = LogStream;

const BATCHES = batchesOf([
  [
    { text: "one\ntwo,\n", continued: true },
    { text: " still two,\n", continued: true },
  ],
  [
    { text: " two\n\x1b[1mthree\x1b[0m:\n", continued: true },
    { text: "warning\n", stream: STDERR },
    { text: " end\n" },
  ],
  [{ text: "cut\n", continued: true }],
  2,
  [{ text: "after\n" }, { text: "stop\nped\n", stream: AGENT, continued: true }],
]);

const WRITTEN = [
  "one",
  "two, still two, two",
  "\x1b[1mthree\x1b[0m:",
  "warning",
  " end",
  "cut",
  "--- 2 lines lost ---",
  "after",
  "[agent] stop",
  "[agent] ped",
  "",
];

function written(batches: readonly NumberedBatch[], look: { timestamps: boolean; plain: boolean }): string {
  const writer = new LineWriter(look);
  const pieces = batches.flatMap((batch) => [...writer.write(batch, batch.lostBefore)]);
  return Buffer.concat([...pieces, ...writer.end()]).toString();
}

for (const [how, batches] of [
  ["in blocks", BATCHES],
  ["as entries", BATCHES.map(asEntries)],
] as const) {
  suite(`a log that came ${how}, written as text,`, () => {
    test("has whole lines, but where something is in between", () => {
      assert.equal(written(batches, { timestamps: false, plain: false }), WRITTEN.join("\n"));
    });

    test("has the time before each line, once", () => {
      const timed = WRITTEN.map((line) => (/^(---|$)/.test(line) ? line : `1970-01-01T00:00:01.000Z ${line}`));
      assert.equal(written(batches, { timestamps: true, plain: false }), timed.join("\n"));
    });

    test("has no escape sequences when plain", () => {
      const plain = WRITTEN.map((line) => (line.includes("three") ? "three:" : line));
      assert.equal(written(batches, { timestamps: false, plain: true }), plain.join("\n"));
    });
  });
}
