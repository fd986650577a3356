import { create, fromBinary } from "@bufbuild/protobuf";
import {
  EnqueueLogRequestSchema,
  LogBlockSchema,
  LogStream,
  toEntries,
  type EnqueueLogRequest,
} from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, insertWorkflow, logLines, startOne } from "../testing/fleet.ts";
import { appendLog } from "../testing/verbs.ts";

/** Every stored line, each of which holds its own number, with gaps as "-N". */
async function stored({ db }: ServerContext): Promise<string[]> {
  const chunks = await db.selectFrom("log_chunks").selectAll().orderBy("first_line").execute();
  return chunks.flatMap(({ data, lost_before }) => {
    const batch = fromBinary(EnqueueLogRequestSchema, zstdDecompressSync(data));
    const gap = lost_before === "0" ? [] : [`-${lost_before}`];
    return [...gap, ...toEntries(batch).map(({ text }) => new TextDecoder().decode(text))];
  });
}

/** The same lines in one block. */
function inBlocks(request: EnqueueLogRequest): EnqueueLogRequest {
  const text = Buffer.concat(request.entries.flatMap((entry) => [entry.text, Buffer.from("\n")]));
  const block = create(LogBlockSchema, { stream: LogStream.STDOUT, text, lineCount: request.entries.length });
  return { ...request, entries: [], blocks: [block] };
}

async function running(t: Parameters<typeof testContext>[0]) {
  const context = await testContext(t);
  const agent = await enrolAgent(context);
  await insertWorkflow(context);
  return { context, agent, lease: await startOne(context, agent) };
}

suite("a log", () => {
  test("takes lines in order and tells the next one wanted", async (t) => {
    const { context, agent, lease } = await running(t);
    assert.equal(await appendLog(context, agent, logLines(lease, 0, 2)), 2);
    assert.equal(await appendLog(context, agent, logLines(lease, 2, 1)), 3);
    assert.deepEqual(await stored(context), ["0", "1", "2"]);
  });

  test("stores a batch that is sent again once, and trims one that overlaps", async (t) => {
    const { context, agent, lease } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 3));
    assert.equal(await appendLog(context, agent, logLines(lease, 0, 3)), 3);
    assert.equal(await appendLog(context, agent, logLines(lease, 1, 4)), 5);
    assert.deepEqual(await stored(context), ["0", "1", "2", "3", "4"]);
  });

  test("takes lines in blocks, and trims those inside a block", async (t) => {
    const { context, agent, lease } = await running(t);
    assert.equal(await appendLog(context, agent, inBlocks(logLines(lease, 0, 3))), 3);
    assert.equal(await appendLog(context, agent, inBlocks(logLines(lease, 1, 4))), 5);
    assert.equal(await appendLog(context, agent, logLines(lease, 5, 1)), 6);
    assert.deepEqual(await stored(context), ["0", "1", "2", "3", "4", "5"]);
  });

  test("refuses blocks that are not what they say", async (t) => {
    const { context, agent, lease } = await running(t);
    const lines = inBlocks(logLines(lease, 0, 2));
    const [block] = lines.blocks;
    const tooMany = { ...lines, blocks: lines.blocks.map((each) => ({ ...each, lineCount: 3 })) };
    await assert.rejects(appendLog(context, agent, tooMany), /blocks.*3 lines, each with a newline/);
    const both = { ...logLines(lease, 0, 1), blocks: block ? [block] : [] };
    await assert.rejects(appendLog(context, agent, both), /either blocks or entries/);
    assert.deepEqual(await stored(context), []);
  });

  test("stores nothing beyond a hole: it asks for the missing line", async (t) => {
    const { context, agent, lease } = await running(t);
    assert.equal(await appendLog(context, agent, logLines(lease, 5, 2)), 0);
    assert.deepEqual(await stored(context), []);
  });

  test("stores a gap that the agent declares, visibly", async (t) => {
    const { context, agent, lease } = await running(t);
    await appendLog(context, agent, logLines(lease, 0, 1));
    assert.equal(await appendLog(context, agent, logLines(lease, 4, 1, 3)), 5);
    assert.deepEqual(await stored(context), ["0", "-3", "4"]);
  });

  test("takes each line once from many senders at once", async (t) => {
    const { context, agent, lease } = await running(t);
    const batches = Array.from({ length: 10 }, (_, i) => logLines(lease, 0, i + 1));
    await Promise.all(batches.map((batch) => appendLog(context, agent, batch)));
    const lines = await stored(context);
    assert.deepEqual(
      lines,
      lines.map((_, i) => String(i)),
    );
    assert.equal(await appendLog(context, agent, logLines(lease, 0, 10)), 10);
  });

  test("takes late lines of an ended lease for 24 hours, then no more", async (t) => {
    const { context, agent, lease } = await running(t);
    await done(context, agent, lease);
    assert.equal(await appendLog(context, agent, logLines(lease, 0, 1)), 1);
    await context.db
      .updateTable("leases")
      .set({ ended_at: sql<Date>`now() - interval '25 hours'` })
      .execute();
    assert.equal(await refusalCode(appendLog(context, agent, logLines(lease, 1, 1))), Code.FailedPrecondition);
  });

  test("refuses another's step run, an unknown step, a negative count and too much at once", async (t) => {
    const { context, agent, lease } = await running(t);
    const liar = await enrolAgent(context);
    assert.equal(await refusalCode(appendLog(context, liar, logLines(lease, 0, 1))), Code.FailedPrecondition);
    const unknown = logLines(lease, 0, 1);
    if (unknown.stepRun) unknown.stepRun.step = "no such step";
    assert.equal(await refusalCode(appendLog(context, agent, unknown)), Code.InvalidArgument);
    assert.equal(await refusalCode(appendLog(context, agent, logLines(lease, 1, 1, 2))), Code.InvalidArgument);
    const huge = logLines(lease, 0, 1);
    if (huge.entries[0]) huge.entries[0].text = new Uint8Array(5 * 1024 * 1024);
    assert.equal(await refusalCode(appendLog(context, agent, huge)), Code.InvalidArgument);
    assert.equal(await refusalCode(appendLog(context, agent, logLines(lease, 3, 0, 3))), Code.InvalidArgument);
    assert.deepEqual(await stored(context), []);
  });

  test("takes nothing after an end that Done declared lost", async (t) => {
    const { context, agent, lease } = await running(t);
    await done(context, agent, lease, { lines: [{ step: "run", try: 1, lineCount: 3, restLost: true }] });
    assert.equal(await refusalCode(appendLog(context, agent, logLines(lease, 3, 1))), Code.InvalidArgument);
    assert.equal(await appendLog(context, agent, logLines(lease, 0, 3)), 3, "nor what was lost, should it turn up");
  });
});

async function refusalCode(work: Promise<unknown>): Promise<Code> {
  const error = await work.then(
    () => assert.fail("it was not refused"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error.code;
}
