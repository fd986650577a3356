import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { LineSplitter } from "./line-splitter.ts";

/** All lines of an output that comes in these chunks. */
function split(chunks: readonly Uint8Array[], maxLineBytes?: number): Buffer[] {
  const splitter = new LineSplitter(maxLineBytes);
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  return [...lines, ...splitter.end()].map((line) => Buffer.from(line));
}

/** What the splitter promises, written the slow and obvious way. */
function expected(bytes: Buffer, maxLineBytes: number): Buffer[] {
  const lines = bytes.toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const pattern = new RegExp(`[^]{1,${maxLineBytes}}`, "g");
  return lines.flatMap((line) => line.match(pattern) ?? [""]).map((line) => Buffer.from(line, "latin1"));
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

suite("an output becomes lines", () => {
  const table: [name: string, chunks: string[], lines: string[]][] = [
    ["one line in one chunk", ["hello\n"], ["hello"]],
    ["a line across chunks", ["hel", "lo\nwor", "ld\n"], ["hello", "world"]],
    ["a last line without newline", ["one\ntwo"], ["one", "two"]],
    ["empty lines", ["\n\na\n"], ["", "", "a"]],
    ["a carriage return stays", ["a\r\n"], ["a\r"]],
    ["nothing at all", [], []],
    ["a line as long as allowed", ["12345678", "\n"], ["12345678"]],
    ["a line one byte too long", ["12345678", "9\n"], ["12345678", "9"]],
    ["a very long line", ["1234567890123456789"], ["12345678", "90123456", "789"]],
  ];
  for (const [name, chunks, lines] of table) {
    test(name, () => {
      const found = split(
        chunks.map((chunk) => Buffer.from(chunk)),
        8,
      );
      assert.deepEqual(found.map(String), lines);
    });
  }

  test("any bytes, in any chunks, come out as the same lines", () => {
    const byte = fc.oneof(fc.constant(0x0a), fc.integer({ min: 0, max: 255 }));
    const bytes = fc.array(byte, { maxLength: 200 }).map((all) => Buffer.from(all));
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 8 }), fc.integer({ min: 1, max: 12 }), (all, cuts, max) => {
        assert.deepEqual(split(cut(all, cuts), max), expected(all, max));
      }),
    );
  });
});
