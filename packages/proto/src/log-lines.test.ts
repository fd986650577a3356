import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { EnqueueLogRequestSchema } from "./gen/groundcrew/v1/peer_pb.ts";
import { LogBlockSchema, LogStream } from "./gen/groundcrew/v1/types_pb.ts";
import { countLines, countTextBytes, isSound, skipLines, toEntries, type LogLines } from "./log-lines.ts";

function block(text: string, lineCount: number, continued = false) {
  return create(LogBlockSchema, { text: Buffer.from(text), lineCount, continued, stream: LogStream.STDOUT });
}

const batch: LogLines = create(EnqueueLogRequestSchema, { blocks: [block("a\n\n", 2), block("b\nc\nd\n", 3, true)] });

function textsOf(lines: LogLines): string[] {
  return toEntries(lines).map(({ text, continued }) => `${Buffer.from(text).toString()}${continued ? ">" : ""}`);
}

suite("lines in blocks", () => {
  test("are counted, and read one by one", () => {
    assert.equal(countLines(batch), 5);
    assert.equal(countTextBytes(batch), 9);
    assert.deepEqual(textsOf(batch), ["a", "", "b", "c", "d>"]);
  });

  for (let count = 0; count <= 6; count++) {
    test(`without the first ${count} are those that follow`, () => {
      const rest = skipLines(batch, count);
      assert.deepEqual(textsOf(rest), textsOf(batch).slice(count));
      assert.equal(countLines(rest), Math.max(0, 5 - count));
      assert.ok(rest.blocks.every(isSound));
    });
  }

  test("may also come as entries", () => {
    const entries = create(EnqueueLogRequestSchema, {
      entries: [{ text: Buffer.from("a") }, { text: Buffer.from("b") }],
    });
    assert.deepEqual(textsOf(skipLines(entries, 1)), ["b"]);
  });

  const unsound: [why: string, text: string, lineCount: number][] = [
    ["with a line too few", "a\nb\n", 1],
    ["with a line too many", "a\n", 2],
    ["whose last line has no end", "a\nb", 1],
    ["of nothing", "", 0],
  ];
  for (const [why, text, lineCount] of unsound) {
    test(`${why} are not sound`, () => assert.equal(isSound(block(text, lineCount)), false));
  }
});
