import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { LogStream, toEntries, type EnqueueLogRequest } from "@groundcrew/proto";
import { RecordWriter } from "./record-writer.ts";
import { sendLog } from "./send-log.ts";
import { Spool } from "./spool.ts";

test("a spool that is damaged before its end is sent up to there, and not for ever", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "send-log-"));
  t.after(() => rm(directory, { recursive: true }));
  const header = { workflowId: "1", epoch: "2", step: "build", try: 1, baseMs: 0 };
  const written = await Spool.create(directory, header, { segmentBytes: 20 });
  for (const text of ["one", "two", "three", "four"]) {
    const writer = new RecordWriter();
    writer.add({ atMs: 0, stream: LogStream.STDOUT, text: Buffer.from(text), lineCount: 1, continued: false });
    await written.append(writer.take());
  }
  await written.end();
  const firstFile = join(directory, "0000000000.blocks");
  await truncate(firstFile, (await readFile(firstFile)).length - 1);

  const sent: string[] = [];
  const enqueue = async (request: EnqueueLogRequest) => {
    const entries = toEntries(request);
    sent.push(...entries.map(({ text }) => Buffer.from(text).toString()));
    return { nextLine: request.firstLine + entries.length };
  };
  const sending = sendLog({
    spool: await Spool.open(directory),
    enqueue,
    intervalMs: 0,
    maxBytes: 1000,
    signal: AbortSignal.any([t.signal, AbortSignal.timeout(10_000)]),
  });
  await assert.rejects(sending, /the spool is damaged at line 1/);
  assert.deepEqual(sent, ["one"]);
});
