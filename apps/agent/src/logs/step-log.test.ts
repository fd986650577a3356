import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { crc32 } from "node:zlib";
import { create } from "@bufbuild/protobuf";
import { EnqueueLogRequestSchema, LogStream, toEntries, type LogEntry } from "@groundcrew/proto";
import { StepLog, type StepLogOptions } from "./step-log.ts";

const SIXTY_DAYS_MS = 60 * 24 * 3_600_000;

async function open(t: TestContext, options: Partial<StepLogOptions> = {}): Promise<StepLog> {
  const directory = await mkdtemp(join(tmpdir(), "step-log-"));
  t.after(() => rm(directory, { recursive: true }));
  const header = { workflowId: "1", epoch: "2", step: "build", try: 1, baseMs: Date.now() };
  return StepLog.create({ directory, header, signal: t.signal, ...options });
}

/** All entries so far, as the server gets them. */
async function entriesOf({ spool }: StepLog): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let at = { line: 0, byte: 0 }; at.line < spool.lineCount;) {
    const { blocks, end } = await spool.read(at, { maxBytes: 1_000_000 });
    entries.push(...toEntries(create(EnqueueLogRequestSchema, { blocks })));
    at = end;
  }
  return entries;
}

/** Each line with where it was written, `>` after it when it goes on. */
async function linesOf(log: StepLog): Promise<string[]> {
  const names = ["?", "out", "err", "agent"];
  const entries = await entriesOf(log);
  return entries.map(
    ({ stream, text, continued }) => `${names[stream]}: ${Buffer.from(text).toString()}${continued ? ">" : ""}`,
  );
}

async function write(log: StepLog, ...writes: [stream: LogStream, text: string][]): Promise<void> {
  const sinks = new Map<LogStream, ReturnType<StepLog["sink"]>>();
  for (const [stream, text] of writes) {
    const sink = sinks.get(stream) ?? log.sink(stream);
    sinks.set(stream, sink);
    await sink(Buffer.from(text));
  }
}

suite("the log of a step", () => {
  test("tells its outputs apart, and ends a last line of each", async (t) => {
    const log = await open(t);
    await write(log, [LogStream.STDOUT, "a\nb"], [LogStream.STDERR, "e"], [LogStream.STDOUT, "c\n\nd"]);
    await log.note("two\nlines");
    await log.end();
    assert.equal(log.spool.checksum, crc32("a\nbc\n\ntwo\nlines\nd\ne\n"));
    assert.deepEqual(await linesOf(log), [
      "out: a",
      "out: bc",
      "out: ",
      "agent: two",
      "agent: lines",
      "out: d",
      "err: e",
    ]);
  });

  test("covers secrets that writes, lines and streams cut, also in the agent's words", async (t) => {
    const log = await open(t, { secrets: ["hunter2", "first line\nsecond line"] });
    await write(
      log,
      [LogStream.STDOUT, "a hun"],
      [LogStream.STDERR, "b hunt"],
      [LogStream.STDOUT, "ter2\nfirst line\nx"],
    );
    await write(log, [LogStream.STDERR, `${"-".repeat(65_530)}hunter2\n`]);
    await log.note("the password is hunter2");
    await log.end();
    const lines = (await linesOf(log)).map((line) => line.replace(/-+/, "-"));
    const others = ["out: x", "err: b hunt"];
    assert.deepEqual(lines, ["out: a ***", "out: ***", "err: -***", "agent: the password is ***", ...others]);
  });

  test("of a line of any length has all of it, in pieces", async (t) => {
    const log = await open(t);
    const sink = log.sink(LogStream.STDOUT);
    for (let i = 0; i < 20; i++) await sink(Buffer.alloc(50_000, "x"));
    await log.end();
    const entries = await entriesOf(log);
    assert.ok(
      entries.every(({ text, continued }, index) => text.length <= 65_536 && continued === index < entries.length - 1),
    );
    assert.equal(Buffer.concat(entries.map(({ text }) => text)).toString(), "x".repeat(1_000_000));
  });

  test("shows the progress of a line before it ends", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const log = await open(t);
    const sink = log.sink(LogStream.STDOUT);
    await sink(Buffer.from("fetching\r 10%\r 20%"));
    assert.equal(log.spool.lineCount, 0);
    t.mock.timers.tick(500);
    await log.spool.changed.until(() => log.spool.lineCount === 1, { signal: t.signal });
    assert.deepEqual(await linesOf(log), ["out: \r 20%>"]);
    await sink(Buffer.from("\r 30%\r100%\ndone\n"));
    await log.end();
    assert.deepEqual(await linesOf(log), ["out: \r 20%>", "out: \r 30%\r100%", "out: done"]);
  });
});

suite("beyond its limits", () => {
  const cases: [limit: string, limits: NonNullable<StepLogOptions["limits"]>, mark: string][] = [
    ["of lines", { maxBytes: 1_000_000, maxLines: 3 }, "at 3 lines (--log-max-lines)"],
    ["of bytes", { maxBytes: 8, maxLines: 1_000_000 }, "at 8 bytes (--log-max-bytes)"],
  ];
  for (const [limit, limits, mark] of cases) {
    test(`${limit} a log says where it is cut off, once, and takes the rest`, async (t) => {
      const log = await open(t, { limits });
      await write(log, [LogStream.STDOUT, "1\n2"], [LogStream.STDERR, "e\n"], [LogStream.STDOUT, "\n3\n4\n5\n"]);
      await write(log, [LogStream.STDERR, "more\n"], [LogStream.STDOUT, "and more"]);
      await log.note("exit code 1");
      await log.end();
      const lines = await linesOf(log);
      const expected = ["out: 1", "err: e", "out: 2"];
      if (limits.maxBytes === 8) expected.push("out: 3");
      expected.push(`agent: the log is cut off here, ${mark}; the step goes on`, "agent: exit code 1");
      assert.deepEqual(lines, expected);
    });
  }
});

for (const [way, stepMs] of [
  ["forward", -SIXTY_DAYS_MS],
  ["back", SIXTY_DAYS_MS],
] as const) {
  test(`a clock that is set ${way} by months while a step runs leaves the times of its lines alone`, async (t) => {
    const header = { workflowId: "1", epoch: "2", step: "build", try: 1, baseMs: Date.now() + stepMs };
    const before = performance.now();
    const log = await open(t, { header });
    await log.note("first");
    await new Promise((resolve) => setImmediate(resolve));
    await log.note("second");
    await log.end();
    const elapsedMs = performance.now() - before;
    const [first = -1, second = -1] = (await entriesOf(log)).map(({ atMs }) => atMs);
    assert.ok(0 <= first && first <= second && second <= elapsedMs, `${first}, ${second} of ${elapsedMs} ms`);
  });
}
