import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { create } from "@bufbuild/protobuf";
import {
  OperatorService,
  TailLogsResponseSchema,
  type TailLogsRequest,
  type TailLogsResponse,
} from "@groundcrew/proto";
import { Code, ConnectError, createClient, dial } from "@groundcrew/rpc";
import type { Operator } from "../session.ts";
import { FAKE_TOKEN, startFakeServer } from "../testing/fake-server.ts";
import { newPart, tailLogs, type TailOptions } from "./tail.ts";

/** Lines `from` to `to` of a step run; each says its number. */
function lines(stepRunId: string, from: number, to: number, lostBefore = 0): TailLogsResponse {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  const entries = numbers.map((number) => ({ text: Buffer.from(`${stepRunId}:${number}`) }));
  return create(TailLogsResponseSchema, { stepRunId, firstLine: from, lostBefore, entries });
}

suite("what of a batch is new", () => {
  const cases: [
    why: string,
    nextLine: number,
    batch: [number, number],
    expected: { first?: string; count: number; missing: number; next: number },
  ][] = [
    ["all of the next batch", 3, [3, 6], { first: "1:3", count: 3, missing: 0, next: 6 }],
    ["nothing of one seen before", 6, [3, 6], { count: 0, missing: 0, next: 6 }],
    ["the end of one half seen", 5, [3, 8], { first: "1:5", count: 3, missing: 0, next: 8 }],
    ["a hole is counted", 3, [5, 6], { first: "1:5", count: 1, missing: 2, next: 6 }],
    ["a hole at the end is counted", 3, [5, 5], { count: 0, missing: 2, next: 5 }],
  ];
  for (const [why, nextLine, [from, to], expected] of cases) {
    test(why, () => {
      const part = newPart(lines("1", from, to), nextLine);
      const [first] = part.entries.map(({ text }) => Buffer.from(text).toString());
      assert.equal(first, expected.first);
      assert.equal(part.entries.length, expected.count);
      assert.equal(part.missing, expected.missing);
      assert.equal(part.nextLine, expected.next);
      assert.equal(part.response.firstLine + part.entries.length, Math.max(to, nextLine));
    });
  }
});

suite("following logs", () => {
  test("attaches again where it stood: nothing repeated, nothing left out", async (t) => {
    const requests: TailLogsRequest[] = [];
    const operator = await operatorOf(t, async function* (request) {
      requests.push(request);
      const cursor = new Map(request.cursors.map(({ stepRunId, nextLine }) => [stepRunId, nextLine]));
      if (requests.length === 1) {
        yield lines("1", 0, 3);
        yield lines("2", 0, 1);
        throw new ConnectError("the server goes down", Code.Unavailable);
      }
      // The second try repeats a line, as a server that rounds down to its chunks would.
      yield lines("1", (cursor.get("1") ?? 0) - 1, 5);
      if (requests.length === 2) throw new ConnectError("and again", Code.Unavailable);
      yield lines("2", cursor.get("2") ?? 0, 3);
    });
    const connection: boolean[] = [];
    const texts = await collect(operator, { follow: true, onConnection: ({ lost }) => connection.push(lost) });
    assert.deepEqual(texts, ["1:0", "1:1", "1:2", "2:0", "1:3", "1:4", "2:1", "2:2"]);
    assert.deepEqual(connection, [true, false, true, false]);
    assert.equal(requests.length, 3);
    assert.ok(requests.every(({ follow, pipelineId, step }) => follow && pipelineId === "42" && step === "test"));
  });

  test("tells a wrong address at once instead of trying for ever", async (t) => {
    const operator = await operatorOf(t, function* () {
      yield* [];
      throw new ConnectError("away", Code.Unavailable);
    });
    await assert.rejects(collect(operator, {}), { code: Code.Unavailable });
  });

  test("does not try again what cannot succeed", async (t) => {
    const operator = await operatorOf(t, function* () {
      yield lines("1", 0, 1);
      throw new ConnectError("revoked", Code.Unauthenticated);
    });
    await assert.rejects(collect(operator, {}), { code: Code.Unauthenticated });
  });

  test("ends when told to", async (t) => {
    const abort = new AbortController();
    const operator = await operatorOf(t, async function* (_request, { signal }) {
      yield lines("1", 0, 1);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });
    const parts = tailLogs(operator, { of: { pipelineId: "42" }, follow: true, signal: abort.signal });
    assert.equal((await parts.next()).done, false);
    abort.abort();
    await assert.rejects(parts.next());
  });
});

type TailLogs = NonNullable<Parameters<typeof startFakeServer>[0]["tailLogs"]>;
type Stream = (...args: Parameters<TailLogs>) => AsyncIterable<TailLogsResponse> | Iterable<TailLogsResponse>;

async function operatorOf(t: TestContext, stream: Stream): Promise<Operator> {
  const server = await startFakeServer({
    async *tailLogs(request, context) {
      yield* stream(request, context);
    },
  });
  const connection = await dial({ url: server.url, token: FAKE_TOKEN });
  t.after(async () => {
    connection.close();
    await server.close(0);
  });
  return createClient(OperatorService, connection.transport);
}

async function collect(operator: Operator, options: Partial<TailOptions>): Promise<string[]> {
  const texts: string[] = [];
  const parts = tailLogs(operator, {
    of: { pipelineId: "42" },
    step: "test",
    follow: true,
    signal: new AbortController().signal,
    backoffMs: { min: 1, max: 2 },
    ...options,
  });
  for await (const { entries } of parts) texts.push(...entries.map(({ text }) => Buffer.from(text).toString()));
  return texts;
}
