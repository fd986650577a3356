import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { LineSplitter } from "./line-splitter.ts";

/** A line, or with `>` after it a piece of one that goes on. */
type Piece = string;

/** Splits what comes in these chunks; a `null` is a moment at which progress is to be shown. */
function split(chunks: readonly (Uint8Array | null)[], maxLineBytes?: number): Piece[] {
  const pieces: Piece[] = [];
  const splitter = new LineSplitter({
    write({ text, lineCount, continued }) {
      const lines = Buffer.from(text).toString("latin1").split("\n");
      assert.equal(lines.length, lineCount);
      pieces.push(...lines.map((line, index) => (continued && index === lineCount - 1 ? `${line}>` : line)));
    },
    ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
  });
  for (const chunk of chunks) {
    if (chunk) splitter.push(chunk);
    else splitter.flushProgress();
  }
  splitter.end();
  return pieces;
}

/** The lines, put together again. */
function join(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (piece.endsWith(">") ? piece.slice(0, -1) : `${piece}\n`)).join("");
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, "").split("\n");
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

/** What a terminal shows of a line in the end: from its last carriage return with text after it. */
function lastState(line: string): string {
  return line.slice(Math.max(0, line.search(/\r[^\r]*\r*$/)));
}

suite("an output becomes lines", () => {
  const table: [name: string, chunks: (string | null)[], lines: Piece[]][] = [
    ["one line in one chunk", ["hello\n"], ["hello"]],
    ["a line across chunks", ["hel", "lo\nwor", "ld\n"], ["hello", "world"]],
    ["a last line without newline", ["one\ntwo"], ["one", "two"]],
    ["empty lines", ["\n\na\n"], ["", "", "a"]],
    ["a carriage return stays", ["a\r\n"], ["a\r"]],
    ["nothing at all", [], []],
    ["a line as long as allowed", ["12345678", "\n"], ["12345678"]],
    ["a line one byte too long", ["12345678", "9\n"], ["12345678>", "9"]],
    ["a very long line", ["1234567890123456789"], ["12345678>", "90123456>", "789"]],
    ["long lines among short ones", ["a\n123456789\nb\n"], ["a", "12345678>", "9", "b"]],
    ["overwritten text that comes at once is kept", ["1%\r2%\n"], ["1%\r2%"]],
    ["no moment shows a line before its end", ["wai", null, "t\n"], ["wait"]],
    ["a moment shows the newest state", ["1%\r2%", null, "\r3%", null, "\r4%\n"], ["\r2%>", "\r3%>", "\r4%"]],
    ["also when the return comes last", ["1%\r2%\r", null, "3%\r", null, "\n"], ["\r2%\r>", "3%\r>", ""]],
    ["a moment without news shows nothing", ["1\r2", null, null], ["\r2>", ""]],
    ["a line that ended in time is no progress", ["1\r2\n", null, "3", null], ["1\r2", "3"]],
  ];
  for (const [name, chunks, lines] of table) {
    test(name, () => {
      assert.deepEqual(
        split(
          chunks.map((chunk) => (chunk === null ? null : Buffer.from(chunk))),
          8,
        ),
        lines,
      );
    });
  }

  test("a character is not cut in two", () => {
    const lines = split([Buffer.from("1234567äöü€😀\n")], 8).map((line) => Buffer.from(line, "latin1").toString());
    assert.deepEqual(lines, ["1234567>", "äöü>", "€😀"]);
  });
});

// No ">", which marks a piece that goes on.
const byte = fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x00, 0xc3, 0xa4, 0xe2, 0xf0, 0x9f, 0x80), fc.nat(0x30));
const bytes = fc.array(byte, { maxLength: 200 }).map((all) => Buffer.from(all));
const cuts = fc.array(fc.nat(), { maxLength: 8 });
const max = fc.integer({ min: 4, max: 12 });

suite("any output", () => {
  test("comes out as its lines, in pieces as long as allowed, whatever its chunks", () => {
    fc.assert(
      fc.property(bytes, cuts, max, (all, at, maxLineBytes) => {
        const pieces = split(cut(all, at), maxLineBytes);
        assert.deepEqual(pieces, split([all], maxLineBytes));
        assert.deepEqual(linesOf(join(pieces)), linesOf(all.toString("latin1")));
        for (const piece of pieces) {
          assert.ok(piece.replace(/>$/, "").length <= maxLineBytes);
          assert.ok(!piece.endsWith(">") || piece.length > maxLineBytes - 3);
        }
      }),
    );
  });

  test("keeps its characters whole when it is text", () => {
    const text = fc.string({ unit: "grapheme-composite", maxLength: 60 }).filter((all) => !all.includes(">"));
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(text, cuts, max, (all, at, maxLineBytes) => {
        const pieces = split(cut(Buffer.from(all), at), maxLineBytes);
        for (const piece of pieces) decoder.decode(Buffer.from(piece, "latin1"));
      }),
    );
  });

  test("loses nothing but overwritten text to the moments at which its progress is shown", () => {
    fc.assert(
      fc.property(bytes, cuts, max, (all, at, maxLineBytes) => {
        const chunks = cut(all, at).flatMap((chunk) => [chunk, null]);
        const shown = linesOf(join(split(chunks, maxLineBytes)));
        const written = linesOf(all.toString("latin1"));
        assert.deepEqual(shown.map(lastState), written.map(lastState));
        const isWhole = (line: string) => !line.includes("\r");
        for (const [index, line] of written.entries()) if (isWhole(line)) assert.equal(shown[index], line);
      }),
    );
  });
});
