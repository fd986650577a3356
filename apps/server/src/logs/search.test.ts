import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { EnqueueLogRequestSchema, SearchLogsRequestSchema } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { enrolAgent, startOne } from "../testing/fleet.ts";
import { batchesOf } from "../testing/log-batches.ts";
import { submit } from "../testing/pipeline.ts";
import { appendLog } from "../testing/verbs.ts";
import { LineMatcher } from "./line-matcher.ts";
import type { Line } from "./line-reader.ts";
import { withContext } from "./search-context.ts";
import { searchLogs } from "./search.ts";

const LINES = ["start", "\x1b[1mER\x1b[0mROR one", "middle", "error two", "Straße", "ERROR three", "end"];

/** A workflow that wrote {@link LINES}, two to a chunk. */
async function written(t: TestContext) {
  const context = await testContext(t);
  const agent = await enrolAgent(context);
  await submit(context, { a: {} });
  const { workflowId, epoch } = await startOne(context, agent);
  const stepRun = { workflowId, epoch, step: "run", try: 1 };
  for (let firstLine = 0; firstLine < LINES.length; firstLine += 2) {
    const entries = LINES.slice(firstLine, firstLine + 2).map((text) => ({ text: Buffer.from(text) }));
    const request = { stepRun, firstLine, baseTime: { seconds: 1n }, entries };
    await appendLog(context, agent, create(EnqueueLogRequestSchema, request));
  }
  return { context, agent, stepRun, workflowId };
}

function search(context: ServerContext, request: MessageInitShape<typeof SearchLogsRequestSchema>) {
  return Array.fromAsync(searchLogs(context, create(SearchLogsRequestSchema, request)));
}

async function found(context: ServerContext, request: MessageInitShape<typeof SearchLogsRequestSchema>) {
  return (await search(context, request)).map(({ line }) => line);
}

suite("a search", () => {
  test("finds the lines that contain a text, with their numbers, colours apart", async (t) => {
    const { context, workflowId } = await written(t);
    assert.deepEqual(await found(context, { workflowId, text: "ERROR" }), [1, 5]);
    assert.deepEqual(await found(context, { workflowId, text: "error", ignoreCase: true }), [1, 3, 5]);
    assert.deepEqual(await found(context, { workflowId, text: "STRASSE", ignoreCase: true }), []);
    assert.deepEqual(await found(context, { workflowId, text: "Straße" }), [4]);
    assert.deepEqual(await found(context, { workflowId, text: "nowhere" }), []);
  });

  test("finds the lines that match a regular expression, in time that no expression makes long", async (t) => {
    const { context, workflowId } = await written(t);
    assert.deepEqual(await found(context, { workflowId, text: "^(error|mid)", regex: true }), [2, 3]);
    assert.deepEqual(
      await found(context, { workflowId, text: "^(error|mid)", regex: true, ignoreCase: true }),
      [1, 2, 3, 5],
    );
    // An engine that goes back and forth would be at this until the end of the universe.
    const matcher = new LineMatcher("(a+)+$", { regex: true });
    assert.equal(matcher.matches(Buffer.from(`${"a".repeat(64)}!`)), false);
    await assert.rejects(search(context, { workflowId, text: "(", regex: true }), {
      code: Code.InvalidArgument,
      message: /text.*RE2/,
    });
    await assert.rejects(search(context, { workflowId, text: "(?=x)", regex: true }), { code: Code.InvalidArgument });
  });

  test("shows the lines around each match, also of the next chunk", async (t) => {
    const { context, workflowId } = await written(t);
    const [first, ...rest] = await search(context, { workflowId, text: "middle", contextLines: 2 });
    const texts = (lines: readonly Uint8Array[] = []) => lines.map((text) => Buffer.from(text).toString());
    assert.deepEqual([texts(first?.before), texts(first?.after), rest], [LINES.slice(0, 2), LINES.slice(3, 5), []]);
    assert.deepEqual([first?.workflowName, first?.stepRun?.step, first?.at?.seconds], ["a", "run", 1n]);
  });

  test("finds a text that is in two pieces of a line, also of two chunks", async (t) => {
    const { context, agent, stepRun } = await written(t);
    const pieces = [{ text: "the long li\n", continued: true }, { text: "ne ends\n" }];
    const batches = batchesOf([LINES.map((text) => ({ text: `${text}\n` })), ...pieces.map((piece) => [piece])]);
    for (const batch of batches)
      await appendLog(context, agent, create(EnqueueLogRequestSchema, { stepRun, ...batch }));
    for (const contextLines of [0, 1]) {
      const matches = await search(context, { workflowId: stepRun.workflowId, text: "long line", contextLines });
      assert.deepEqual(
        matches.map(({ line, text }) => [line, Buffer.from(text ?? []).toString()]),
        [[LINES.length, "the long line ends"]],
      );
    }
  });

  test("ends at its limit and says so", async (t) => {
    const { context, workflowId } = await written(t);
    const matches = await search(context, { workflowId, text: "r", maxMatches: 2 });
    assert.deepEqual(
      matches.map(({ line, limitReached }) => [line, limitReached]),
      [
        [0, false],
        [3, true],
      ],
    );
  });

  test("is refused without a text, for too much, and for what does not exist", async (t) => {
    const { context, workflowId } = await written(t);
    for (const wrong of [{ text: "" }, { text: "x".repeat(1_001) }, { contextLines: 21 }, { maxMatches: 10_001 }])
      await assert.rejects(found(context, { workflowId, text: "x", ...wrong }), { code: Code.InvalidArgument });
    await assert.rejects(found(context, { workflowId: "99", text: "x" }), { code: Code.NotFound });
  });
});

suite("the lines around a match", () => {
  const numbered = fc.uniqueArray(fc.nat(40), { maxLength: 30 }).map((all) => all.toSorted((a, b) => a - b));

  test("are those next to it, whatever is missing and however lines come in batches", async () => {
    const run = fc.asyncProperty(numbered, fc.nat(3), fc.integer({ min: 1, max: 9 }), async (numbers, size, batch) => {
      const lines = numbers.map((number): Line => ({
        number,
        nextNumber: number + 1,
        atMs: 0,
        text: Buffer.of(number),
      }));
      async function* batches(): AsyncGenerator<Line[]> {
        for (let at = 0; at < lines.length; at += batch) yield lines.slice(at, at + batch);
      }
      const matches = await Array.fromAsync(withContext(batches(), (text) => (text[0] ?? 0) % 3 === 0, size));
      const shown = matches.map(({ line, before, after }) => [...before, line.text, ...after].map((text) => text[0]));
      assert.deepEqual(
        shown,
        numbers.filter((n) => n % 3 === 0).map((n) => around(numbers, n, size)),
      );
    });
    await fc.assert(run, { numRuns: 200 });
  });

  function around(numbers: number[], n: number, size: number): number[] {
    const near = [n];
    while (near.length <= size && numbers.includes((near[0] ?? 0) - 1)) near.unshift((near[0] ?? 0) - 1);
    for (let after = n + 1; after <= n + size && numbers.includes(after); after++) near.push(after);
    return near;
  }
});

test("a matcher never rules out bytes in which a line matches", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "B", "\x1b[1m", "é", " "), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(text, fc.array(text), fc.boolean(), (wanted, lines, ignoreCase) => {
      const matcher = new LineMatcher(wanted, { ignoreCase });
      const matches = lines.some((line) => matcher.matches(Buffer.from(line)));
      assert.ok(!matches || matcher.mayMatchIn(Buffer.from(lines.join("\n"))));
    }),
  );
});
