import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { DownloadLogsRequestSchema, EnqueueLogRequestSchema, LogStream, type LogEntrySchema } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { enrolAgent, startOne } from "../testing/fleet.ts";
import { submit } from "../testing/pipeline.ts";
import { appendLog } from "../testing/verbs.ts";
import { downloadLogs } from "./download.ts";

/** Lines to send. */
interface Lines {
  firstLine?: number;
  lostBefore?: number;
  entries: MessageInitShape<typeof LogEntrySchema>[];
}

/** Two workflows, `a` of which wrote in colour, with a gap, and was told something by its agent. */
async function written(t: TestContext) {
  const context = await testContext(t);
  const agent = await enrolAgent(context);
  const { id: pipelineId } = await submit(context, { a: {}, b: {} });
  const leases = [await startOne(context, agent), await startOne(context, agent)] as const;
  const log = async (lease: (typeof leases)[0], changes: Lines) => {
    const stepRun = { workflowId: lease.workflowId, epoch: lease.epoch, step: "run", try: 1 };
    await appendLog(
      context,
      agent,
      create(EnqueueLogRequestSchema, { stepRun, baseTime: { seconds: 1n }, ...changes }),
    );
  };
  const [a, b] = leases;
  await log(a, { entries: [{ atMs: 5, text: Buffer.from("\x1b[31mred\x1b[0m"), stream: LogStream.STDERR }] });
  const rest = [
    { text: Buffer.of(0xff, 0x0d, 0x00) },
    { atMs: 1_500, text: Buffer.from("stopped"), stream: LogStream.AGENT },
  ];
  await log(a, { firstLine: 3, lostBefore: 2, entries: rest });
  await log(b, { entries: [{ text: Buffer.from("hello") }] });
  return { context, pipelineId, workflowId: a.workflowId };
}

async function download(context: ServerContext, request: MessageInitShape<typeof DownloadLogsRequestSchema>) {
  const parts = await Array.fromAsync(downloadLogs(context, create(DownloadLogsRequestSchema, request)));
  return Buffer.concat(parts.map(({ data }) => data ?? Buffer.alloc(0))).toString("latin1");
}

suite("a downloaded log", () => {
  test("is what was written, byte for byte, with marks for what was not", async (t) => {
    const { context, workflowId } = await written(t);
    const text = "\x1b[31mred\x1b[0m\n--- 2 lines lost ---\n\xff\r\0\n[agent] stopped\n";
    assert.equal(await download(context, { workflowId }), text);
  });

  test("has times when asked, and no colours when asked", async (t) => {
    const { context, workflowId } = await written(t);
    assert.deepEqual((await download(context, { workflowId, timestamps: true, plain: true })).split("\n"), [
      "1970-01-01T00:00:01.005Z red",
      "--- 2 lines lost ---",
      "1970-01-01T00:00:01.000Z \xff\r\0",
      "1970-01-01T00:00:02.500Z [agent] stopped",
      "",
    ]);
  });

  test("of a pipeline says where each part is of", async (t) => {
    const { context, pipelineId } = await written(t);
    const text = await download(context, { pipelineId, plain: true });
    assert.match(text, /^==> a\/run, try 1 <==\nred\n[^]*stopped\n==> b\/run, try 1 <==\nhello\n$/);
    assert.equal(await download(context, { pipelineId, step: "none" }), "");
  });

  test("comes in parts of a bounded size, however long its blocks are", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id: pipelineId } = await submit(context, { a: {} });
    const { workflowId, epoch } = await startOne(context, agent);
    const stepRun = { workflowId, epoch, step: "run", try: 1 };
    const texts = Array.from({ length: 3_000 }, (_, i) => Buffer.from(`${i}`.padEnd(299, "x")));
    const entries = texts.map((text) => ({ text }));
    const blocks = [{ text: Buffer.from(texts.map((text) => `${text.toString()}\n`).join("")), lineCount: 3_000 }];
    for (const lines of [{ entries }, { firstLine: 3_000, blocks }]) {
      const request = create(EnqueueLogRequestSchema, { stepRun, baseTime: { seconds: 1n }, ...lines });
      await appendLog(context, agent, request);
    }
    const parts = await Array.fromAsync(downloadLogs(context, create(DownloadLogsRequestSchema, { pipelineId })));
    const sizes = parts.map(({ data }) => data?.length ?? 0);
    assert.ok(sizes.length > 2 && Math.max(...sizes) < 512 * 1024, sizes.join());
    assert.equal(
      sizes.reduce((sum, size) => sum + size),
      6_000 * 300,
    );
  });

  test("is refused for what does not exist", async (t) => {
    const context = await testContext(t);
    await assert.rejects(download(context, { workflowId: "99" }), { code: Code.NotFound });
    await assert.rejects(download(context, {}), { code: Code.InvalidArgument });
  });
});
