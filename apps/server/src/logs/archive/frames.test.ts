import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { create } from "@bufbuild/protobuf";
import { countLines, LogBlockSchema, LogEntrySchema, LogStream, toEntries } from "@groundcrew/proto";
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { packBatch, unpackBatch } from "../batch.ts";
import type { Chunk } from "../chunks.ts";
import { framesOf } from "./frames.ts";

/** A chunk as an agent might send it. */
interface Sent {
  lostBefore: number;
  baseMs: number;
  texts: string[];
  inBlocks: boolean;
}

const sent: fc.Arbitrary<Sent> = fc.record({
  lostBefore: fc.oneof(fc.constant(0), fc.nat(5)),
  baseMs: fc.oneof(fc.integer({ min: 1e12, max: 1e12 + 1_000 }), fc.integer({ min: 0, max: 2e12 })),
  texts: fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 5 }),
  inBlocks: fc.boolean(),
});

function linesIn({ texts, inBlocks }: Sent) {
  const stream = LogStream.STDERR;
  if (!inBlocks)
    return {
      entries: texts.map((text, atMs) => create(LogEntrySchema, { atMs, stream, text: Buffer.from(text) })),
      blocks: [],
    };
  const blocks = texts.map((text, atMs) => {
    const lines = `${text}\nlast\n`;
    const lineCount = lines.split("\n").length - 1;
    return create(LogBlockSchema, { atMs, stream, text: Buffer.from(lines), lineCount, continued: atMs % 2 === 1 });
  });
  return { entries: [], blocks };
}

async function* chunksOf(batches: Sent[]): AsyncGenerator<Chunk> {
  let firstLine = 0;
  for (const batch of batches) {
    const { lostBefore, baseMs } = batch;
    const lines = linesIn(batch);
    const lineCount = countLines(lines);
    firstLine += lostBefore;
    const data = await packBatch({ firstLine, lostBefore, ...lines, baseTime: timestampFromMs(baseMs) });
    yield { stepRunId: "1", firstLine, lineCount, lostBefore, data };
    firstLine += lineCount;
  }
}

/** Every line with its number, time and stream, and every gap. */
async function linesOf(parts: AsyncIterable<Pick<Chunk, "firstLine" | "lostBefore" | "data">>): Promise<string[]> {
  const lines: string[] = [];
  for await (const { firstLine, lostBefore, data } of parts) {
    const { baseTime, ...batch } = await unpackBatch(data);
    const baseMs = baseTime ? timestampMs(baseTime) : 0;
    if (lostBefore > 0) lines.push(`-${lostBefore}`);
    for (const [index, { atMs, stream, text, continued }] of toEntries(batch).entries())
      lines.push(`${firstLine + index} ${baseMs + atMs} ${stream} ${continued} ${Buffer.from(text).toString("hex")}`);
  }
  return lines;
}

async function* asChunks(
  frames: ReturnType<typeof framesOf>,
): AsyncGenerator<Pick<Chunk, "firstLine" | "lostBefore" | "data">> {
  for await (const { data, row } of frames) {
    const [firstLine, , lostBefore, bytes] = row;
    assert.equal(bytes, data.length);
    yield { firstLine, lostBefore, data };
  }
}

suite("the frames of a moved log", () => {
  test("hold each line of its chunks, with its time and its gaps, whatever the chunks are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sent, { maxLength: 8 }), async (batches) => {
        assert.deepEqual(await linesOf(asChunks(framesOf(chunksOf(batches)))), await linesOf(chunksOf(batches)));
      }),
      { numRuns: 60 },
    );
  });

  for (const inBlocks of [false, true]) {
    test(`gather small chunks, and end before they are too long to read for one line${inBlocks ? ", in blocks" : ""}`, async () => {
      const small = Array.from({ length: 100 }, () => ({ lostBefore: 0, baseMs: 1e12, texts: ["x"], inBlocks }));
      assert.equal((await Array.fromAsync(framesOf(chunksOf(small)))).length, 1);
      const long = Array.from({ length: 10 }, () => ({
        lostBefore: 0,
        baseMs: 1e12,
        texts: ["x".repeat(200_000)],
        inBlocks,
      }));
      assert.equal((await Array.fromAsync(framesOf(chunksOf(long)))).length, 4);
    });
  }

  test("show lines that no chunk has as a gap", async () => {
    const all = await Array.fromAsync(
      chunksOf([0, 1, 2].map(() => ({ lostBefore: 0, baseMs: 0, texts: ["a", "b"], inBlocks: false }))),
    );
    async function* without(): AsyncGenerator<Chunk> {
      for (const chunk of [all[0], all[2]]) if (chunk) yield chunk;
    }
    const rows = (await Array.fromAsync(framesOf(without()))).map(({ row }) => row.slice(0, 3));
    assert.deepEqual(rows, [
      [0, 2, 0],
      [4, 2, 2],
    ]);
  });
});
