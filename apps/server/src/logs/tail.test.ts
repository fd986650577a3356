import { create, toBinary } from "@bufbuild/protobuf";
import {
  EndReason,
  EnqueueLogRequestSchema,
  StepRunRefSchema,
  TailLogsRequestSchema,
  WorkflowState,
  type TailLogsResponse,
} from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { zstdCompressSync } from "node:zlib";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, logLines, startOne } from "../testing/fleet.ts";
import { batchesOf } from "../testing/log-batches.ts";
import { submit } from "../testing/pipeline.ts";
import { cancelPipeline } from "../workflows/cancel.ts";
import { tailLogs } from "./tail.ts";
import { appendLog } from "../testing/verbs.ts";

type Request = Parameters<typeof create<typeof TailLogsRequestSchema>>[1];

/** Longer than any test: a tail that hangs fails it. */
const deadline = () => AbortSignal.timeout(30_000);

function tail(context: ServerContext, request: Request, caller = deadline()) {
  return tailLogs(context, create(TailLogsRequestSchema, request), caller);
}

/** Every line as "STEP-RUN:TEXT", each of which holds its own number, and gaps as "STEP-RUN:-N". */
function lines(responses: TailLogsResponse[]): string[] {
  return responses.flatMap(({ stepRunId, entries, lostBefore }) => [
    ...(lostBefore === 0 ? [] : [`${stepRunId}:-${lostBefore}`]),
    ...entries.map(({ text }) => `${stepRunId}:${new TextDecoder().decode(text)}`),
  ]);
}

function range(from: number, to: number, stepRunId = "1"): string[] {
  return Array.from({ length: to - from }, (_, i) => `${stepRunId}:${from + i}`);
}

async function running(t: TestContext) {
  const context = await testContext(t);
  const agent = await enrolAgent(context);
  const { id: pipelineId } = await submit(context, { a: {} });
  const lease = await startOne(context, agent);
  return { context, agent, lease, pipelineId, workflowId: lease.workflowId };
}

/** Stores chunks of a step run directly: lines [from, to) each, with the lines before lost that no chunk has. */
async function store({ db }: ServerContext, stepRunId: string, chunks: [from: number, to: number][], size = 0) {
  let nextLine = 0;
  for (const [from, to] of chunks) {
    const entries = range(from, to).map((text) => ({ atMs: 0, text: padded(text.slice(2), size) }));
    const batch = create(EnqueueLogRequestSchema, { firstLine: from, entries, baseTime: { seconds: 1n } });
    await db
      .insertInto("log_chunks")
      .values({
        step_run_id: stepRunId,
        first_line: String(from),
        line_count: to - from,
        lost_before: from - nextLine,
        data: zstdCompressSync(toBinary(EnqueueLogRequestSchema, batch)),
      })
      .execute();
    nextLine = to;
  }
  await db.updateTable("step_runs").set({ next_line: nextLine }).where("id", "=", stepRunId).execute();
}

function padded(text: string, size: number): Uint8Array {
  return new TextEncoder().encode(text.padEnd(size, " "));
}

suite("logs that are stored", () => {
  test("are sent in order, with what they belong to", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 2));
    await appendLog(context, agent, logLines(lease, 2, 3));
    const responses = await Array.fromAsync(tail(context, { workflowId }));
    assert.deepEqual(lines(responses), range(0, 5));
    assert.deepEqual(
      responses.map(({ firstLine }) => firstLine),
      [0, 2],
    );
    const [first] = responses;
    assert.equal(first?.workflowName, "a");
    assert.deepEqual(first.stepRun, create(StepRunRefSchema, { ...lease, step: "run", try: 1 }));
    assert.equal(first.baseTime?.seconds, 1n);
  });

  test("are sent line by line where they came in blocks, also from inside one", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    const stepRun = { ...lease, step: "run", try: 1 };
    for (const batch of batchesOf([[{ text: "0\n1\n" }, { text: "2\n", continued: true }], [{ text: "3\n4\n" }]]))
      await appendLog(context, agent, create(EnqueueLogRequestSchema, { stepRun, ...batch }));
    const responses = await Array.fromAsync(tail(context, { workflowId }));
    assert.deepEqual(lines(responses), range(0, 5));
    assert.deepEqual(
      responses.flatMap(({ entries }) => entries.map(({ continued }) => continued)),
      [false, false, true, false, false],
    );
    assert.deepEqual(
      lines(await Array.fromAsync(tail(context, { workflowId, fromLine: 1, untilLine: 4 }))),
      range(1, 4),
    );
  });

  test("end there for who does not follow, although the workflow goes on", async (t) => {
    const { context, workflowId } = await running(t);
    assert.deepEqual(await Array.fromAsync(tail(context, { workflowId })), []);
  });

  test("show where lines were lost", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    await appendLog(context, agent, logLines(lease, 4, 1, 3));
    await done(context, agent, lease, { lines: [{ step: "run", try: 1, lineCount: 9, restLost: true }] });
    const responses = await Array.fromAsync(tail(context, { workflowId }));
    assert.deepEqual(lines(responses), ["1:0", "1:-3", "1:4", "1:-4"]);
  });

  test("of all epochs are sent, the oldest first, and told apart", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    await done(context, agent, lease, { state: WorkflowState.QUEUED, endReason: EndReason.HANDED_BACK });
    const again = await startOne(context, agent);
    await appendLog(context, agent, logLines(again, 0, 1));
    const responses = await Array.fromAsync(tail(context, { workflowId }));
    assert.deepEqual(
      responses.map(({ stepRun }) => stepRun?.epoch),
      [lease.epoch, again.epoch],
    );
  });

  test("of a pipeline are those of all its workflows", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id: pipelineId } = await submit(context, { a: {}, b: {} });
    for (let n = 0; n < 2; n++) {
      await appendLog(context, agent, logLines(await startOne(context, agent), 0, 1));
    }
    const responses = await Array.fromAsync(tail(context, { pipelineId }));
    assert.deepEqual(
      responses.map(({ workflowName }) => workflowName),
      ["a", "b"],
    );
  });

  test("may be those of one step only", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    assert.deepEqual(lines(await Array.fromAsync(tail(context, { workflowId, step: "run" }))), ["1:0"]);
    assert.deepEqual(await Array.fromAsync(tail(context, { workflowId, step: "other" })), []);
  });

  for (const [asked, expected] of [
    [{ fromLine: 3 }, range(3, 10)],
    [{ fromLine: 3, untilLine: 5 }, range(3, 5)],
    [{ untilLine: 2 }, range(0, 2)],
    [{ fromLine: 9, untilLine: 99 }, range(9, 10)],
    [{ fromLine: 10 }, []],
    [{ lastLines: 3 }, range(7, 10)],
    [{ lastLines: 99 }, range(0, 10)],
    [{ lastLines: 3, cursors: [{ stepRunId: "1", nextLine: 2 }] }, range(2, 10)],
  ] as const) {
    test(`are sent for ${JSON.stringify(asked)}`, async (t) => {
      const { context, agent, lease, workflowId } = await running(t);
      for (const [from, count] of [
        [0, 4],
        [4, 2],
        [6, 4],
      ] as const)
        await appendLog(context, agent, logLines(lease, from, count));
      const request = { workflowId, ...asked, cursors: [...("cursors" in asked ? asked.cursors : [])] };
      assert.deepEqual(lines(await Array.fromAsync(tail(context, request))), expected);
    });
  }

  test("are refused for a range that contradicts itself", async (t) => {
    const { context, workflowId } = await running(t);
    for (const asked of [
      { lastLines: 1, fromLine: 1 },
      { fromLine: 2, untilLine: 2 },
    ])
      await assert.rejects(Array.fromAsync(tail(context, { workflowId, ...asked })), { code: Code.InvalidArgument });
  });

  test("from the last lines on are followed to the end", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 10));
    const responses: TailLogsResponse[] = [];
    for await (const response of tail(context, { workflowId, lastLines: 2, follow: true })) {
      responses.push(response);
      if (responses.length > 1) continue;
      await appendLog(context, agent, logLines(lease, 10, 2));
      await done(context, agent, lease);
    }
    assert.deepEqual(lines(responses), range(8, 12));
  });
});

suite("a cursor", () => {
  test("starts in the middle of what is stored", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 5));
    await appendLog(context, agent, logLines(lease, 5, 5));
    const [first] = await Array.fromAsync(tail(context, { workflowId, cursors: [{ stepRunId: "1", nextLine: 7 }] }));
    assert.equal(first?.firstLine, 7);
    assert.deepEqual(lines([first]), range(7, 10));
  });

  test("anywhere, over any chunks and gaps, leaves out what was read and nothing else", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    const steps = fc.tuple(fc.nat({ max: 2 }), fc.integer({ min: 1, max: 3 }));
    const layouts = fc.array(steps, { minLength: 1, maxLength: 8 }).map((pairs) => {
      let next = 0;
      return pairs.map(([gap, count]): [number, number] => [(next += gap), (next += count)]);
    });
    await fc.assert(
      fc.asyncProperty(layouts, fc.nat({ max: 20 }), async (chunks, nextLine) => {
        await context.db.deleteFrom("log_chunks").execute();
        await store(context, "1", chunks);
        const cursors = [{ stepRunId: "1", nextLine }];
        const found = lines(await Array.fromAsync(tail(context, { workflowId, cursors })));
        const wanted = chunks.flatMap(([from, to]) => range(Math.max(from, nextLine), to));
        assert.deepEqual(
          found.filter((line) => !line.includes("-")),
          wanted,
        );
      }),
      { numRuns: 40 },
    );
  });

  test("does not repeat a gap that its reader was told of", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 4, 2, 4));
    const cursors = [{ stepRunId: "1", nextLine: 4 }];
    assert.deepEqual(lines(await Array.fromAsync(tail(context, { workflowId, cursors }))), range(4, 6));
  });

  test("of a step run of something else is NOT_FOUND", async (t) => {
    const { context, agent, lease } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    const { ids } = await submit(context, { other: {} });
    const request = { workflowId: ids["other"] ?? "", cursors: [{ stepRunId: "1", nextLine: 0 }] };
    await assert.rejects(tail(context, request).next(), { code: Code.NotFound, rawMessage: /step run "1"/ });
  });
});

suite("a log of any size", () => {
  test("of many small chunks comes whole, page by page", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    await context.db.deleteFrom("log_chunks").execute();
    const chunks = Array.from({ length: 300 }, (_, n): [number, number] => [2 * n, 2 * n + 2]);
    await store(context, "1", chunks);
    assert.deepEqual(lines(await Array.fromAsync(tail(context, { workflowId }))), range(0, 600));
  });

  test("of many step runs comes whole, one after the other", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { capacity: 100 });
    const names = Array.from({ length: 80 }, (_, n) => [`w${n}`, {}]);
    const { id: pipelineId } = await submit(context, Object.fromEntries(names));
    for (const _ of names) await appendLog(context, agent, logLines(await startOne(context, agent), 0, 2));
    const responses = await Array.fromAsync(tail(context, { pipelineId }));
    assert.deepEqual(
      lines(responses),
      names.flatMap((_, n) => range(0, 2, String(n + 1))),
    );
  });

  test("is cut into messages that can be sent", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    await context.db.deleteFrom("log_chunks").execute();
    await store(context, "1", [[0, 4_000]], 1_000);
    const responses = await Array.fromAsync(tail(context, { workflowId }));
    assert.equal(lines(responses).length, 4_000);
    assert.ok(responses.length > 1);
    for (const { entries } of responses) assert.ok(entries.length * 1_000 <= 1024 * 1024);
  });

  test("is read only as fast as its reader reads", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    await context.db.deleteFrom("log_chunks").execute();
    await store(
      context,
      "1",
      Array.from({ length: 100 }, (_, n): [number, number] => [n, n + 1]),
    );
    const slow = tail(context, { workflowId });
    await slow.next();
    // What it has not asked for was not read yet: without the later pages' chunks it comes to an early end.
    await context.db.deleteFrom("log_chunks").where("first_line", ">=", "64").execute();
    assert.deepEqual(lines(await Array.fromAsync(slow)).length, 63);
  });
});

suite("logs that are followed", () => {
  test("come as they are stored, and end with the workflow", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    const follow = tail(context, { workflowId, follow: true });
    assert.deepEqual(lines([(await follow.next()).value as TailLogsResponse]), ["1:0"]);
    const following = follow.next();
    await appendLog(context, agent, logLines(lease, 1, 2));
    assert.deepEqual(lines([(await following).value as TailLogsResponse]), ["1:1", "1:2"]);
    const last = Array.fromAsync(follow);
    await appendLog(context, agent, logLines(lease, 3, 1));
    await done(context, agent, lease);
    assert.deepEqual(lines(await last), ["1:3"]);
  });

  test("of a pipeline end when all of it has ended, also what never ran", async (t) => {
    const { context, agent, lease, pipelineId } = await running(t);
    const all = Array.fromAsync(tail(context, { pipelineId, follow: true }));
    await cancelPipeline(context, pipelineId, "alice");
    await appendLog(context, agent, logLines(lease, 0, 3));
    await done(context, agent, lease);
    assert.deepEqual(lines(await all), range(0, 3));
  });

  test("of what has ended end at once", async (t) => {
    const { context, agent, lease, workflowId } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    await done(context, agent, lease);
    assert.deepEqual(lines(await Array.fromAsync(tail(context, { workflowId, follow: true }))), ["1:0"]);
  });

  test("end with UNAVAILABLE when the server stops", async (t) => {
    const { context, workflowId } = await running(t);
    const stopping = new AbortController();
    const following = tail({ ...context, stopping: stopping.signal }, { workflowId, follow: true }).next();
    stopping.abort();
    await assert.rejects(following, { code: Code.Unavailable });
  });

  test("end with the caller's reason when it goes away", async (t) => {
    const { context, workflowId } = await running(t);
    const caller = new AbortController();
    const following = tail(context, { workflowId, follow: true }, caller.signal).next();
    caller.abort(new Error("gone"));
    await assert.rejects(following, /gone/);
  });
});

suite("a request for logs", () => {
  const bad: [what: string, request: Request, code: Code][] = [
    ["neither a pipeline nor a workflow", {}, Code.InvalidArgument],
    ["both a pipeline and a workflow", { pipelineId: "1", workflowId: "1" }, Code.InvalidArgument],
    ["a negative id", { workflowId: "-1" }, Code.InvalidArgument],
    ["a workflow that does not exist", { workflowId: "99" }, Code.NotFound],
    ["a pipeline that does not exist", { pipelineId: "99" }, Code.NotFound],
    ["a step with a NUL", { workflowId: "1", step: "\0" }, Code.InvalidArgument],
    ["a cursor without a step run", { workflowId: "1", cursors: [{}] }, Code.InvalidArgument],
    ["a cursor of an unknown step run", { workflowId: "1", cursors: [{ stepRunId: "99" }] }, Code.NotFound],
  ];
  test("is refused with", async (t) => {
    const { context } = await running(t);
    for (const [what, request, code] of bad) {
      await t.test(`${what}: ${Code[code]}`, () => assert.rejects(tail(context, request).next(), { code }));
    }
  });
});
