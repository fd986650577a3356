import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import * as fc from "fast-check";
import { LogStream } from "@groundcrew/proto";
import { RECORD_HEADER_BYTES, type Records, type SpoolBlock } from "./record.ts";
import { RecordWriter } from "./record-writer.ts";
import type { Position } from "./segment.ts";
import { Spool, type ReadLimits } from "./spool.ts";

const HEADER = { workflowId: "1", epoch: "2", step: "build", try: 1, baseMs: 1_700_000_000_000 };
const START: Position = { line: 0, byte: 0 };

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "spool-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

/** One line as a block of its own. */
function line(text: string | Uint8Array, atMs = 0): SpoolBlock {
  const whole = Buffer.concat([Buffer.from(text), Buffer.from("\n")]);
  return { atMs, stream: LogStream.STDOUT, text: whole, lineCount: 1, continued: false };
}

/** Blocks as the spool takes them. */
function records(...blocks: SpoolBlock[]): Records {
  const writer = new RecordWriter();
  for (const block of blocks) writer.add({ ...block, text: block.text.subarray(0, -1) });
  return writer.take();
}

/** Every block from a position on, in batches. */
async function readAll(spool: Spool, from: Position, limits: ReadLimits = { maxBytes: 1000 }): Promise<SpoolBlock[]> {
  const blocks: SpoolBlock[] = [];
  for (let at = from; at.line < spool.lineCount;) {
    const batch = await spool.read(at, limits);
    assert.notEqual(batch.blocks.length, 0, "a batch has at least one block");
    blocks.push(...batch.blocks);
    at = batch.end;
  }
  return blocks.map((one) => ({ ...one, text: Buffer.from(one.text) }));
}

suite("a spool", () => {
  test("gives back what was appended, in order, across files and batches", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER, { segmentBytes: 100 });
    const lines = Array.from({ length: 50 }, (_, index) => line(`line ${index}`, index));
    for (const one of lines) await spool.append(records(one));
    await spool.end();
    assert.deepEqual(await readAll(spool, START, { maxBytes: 60 }), lines);
  });

  test("keeps appends in the order of the calls, not of the writes", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER);
    await Promise.all([
      spool.append(records(line("a"))),
      spool.append(records(line("b"))),
      spool.append(records(line("c"))),
    ]);
    await spool.end();
    assert.deepEqual(
      (await readAll(spool, START)).map(({ text }) => String(text)),
      ["a\n", "b\n", "c\n"],
    );
  });

  test("gives batches of no more lines than asked for", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER);
    for (let index = 0; index < 5; index++) await spool.append(records(line("a")));
    const { end } = await spool.read(START, { maxBytes: 1000, maxLines: 2 });
    assert.equal(end.line, 2);
    await spool.end();
  });

  test("finds any line, also in the middle of a file", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER, { segmentBytes: 64 });
    for (let index = 0; index < 20; index++) await spool.append(records(line(`line ${index}`)));
    for (let index = 0; index < 20; index++) {
      const batch = await spool.read(await spool.positionOf(index), { maxBytes: 1 });
      assert.equal(String(batch.blocks[0]?.text), `line ${index}\n`);
    }
    assert.equal((await spool.positionOf(1000)).line, 20);
    await spool.end();
  });

  test("makes its writer wait while too much is unsent, until it is acknowledged", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER, { maxUnsentBytes: 10 });
    await spool.append(records(line("first, long enough")));
    let written = false;
    const second = spool.append(records(line("second"))).then(() => (written = true));
    const batch = await spool.read(START, { maxBytes: 1000 });
    assert.equal(written, false);
    await spool.acknowledge(batch.end);
    await second;
    assert.equal(spool.lineCount, 2);
    await spool.end();
  });

  test("stops waiting when told", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER, { maxUnsentBytes: 1 });
    await spool.append(records(line("first")));
    const giveUp = new AbortController();
    const second = spool.append(records(line("second")), giveUp.signal);
    giveUp.abort(new Error("lost"));
    await assert.rejects(second, /lost/);
    await spool.end();
  });

  test("deletes files once all of their lines are acknowledged, and says what is the oldest line left", async (t) => {
    const path = await folder(t);
    const spool = await Spool.create(path, HEADER, { segmentBytes: 1 });
    for (let index = 0; index < 5; index++) await spool.append(records(line(`line ${index}`)));
    await spool.acknowledge(await spool.positionOf(3));
    assert.deepEqual((await readdir(path)).filter((name) => name.endsWith(".blocks")).length, 2);
    assert.equal((await spool.positionOf(0)).line, 3);
    await spool.end();
  });

  test("abandoned, it counts lines and keeps nobody waiting", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER, { maxUnsentBytes: 1 });
    await spool.append(records(line("first")));
    const second = spool.append(records(line("second")));
    spool.abandon();
    await second;
    assert.equal(spool.lineCount, 2);
    await spool.end();
  });
});

suite("a spool that a killed process left", () => {
  const blocks = fc.array(
    fc.record(
      {
        text: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.concat([bytes, Buffer.from("\n")])),
        lineCount: fc.integer({ min: 1, max: 3 }),
        atMs: fc.nat(),
        stream: fc.constantFrom(LogStream.STDOUT, LogStream.STDERR, LogStream.AGENT),
        continued: fc.boolean(),
      },
      { noNullPrototype: true },
    ),
    { maxLength: 20 },
  );

  test("torn at any byte, it has every complete record and no other", async (t) => {
    const root = await folder(t);
    const property = async (written: SpoolBlock[], segmentBytes: number, tear: number) => {
      const path = await mkdtemp(join(root, "torn-"));
      const spool = await Spool.create(path, HEADER, { segmentBytes });
      for (const one of written) await spool.append(records(one));
      await spool.end();
      const complete = await tearLastFile(path, written, tear);
      const found = await Spool.open(path);
      assert.deepEqual(found.header, HEADER);
      assert.equal(found.ended, true);
      assert.deepEqual(await readAll(found, START), complete);
    };
    await fc.assert(fc.asyncProperty(blocks, fc.integer({ min: 1, max: 200 }), fc.nat(), property), { numRuns: 60 });
  });

  test("with zeros after its last record, as a power cut leaves them, it ends there", async (t) => {
    const path = await folder(t);
    const spool = await Spool.create(path, HEADER);
    await spool.append(records(line("kept")));
    await spool.end();
    const file = join(path, "0000000000.blocks");
    await truncate(file, (await readFile(file)).length + 100);
    assert.equal((await Spool.open(path)).lineCount, 1);
  });
});

/** Cuts the newest file somewhere and answers the blocks that are still whole. */
async function tearLastFile(path: string, written: SpoolBlock[], tear: number): Promise<SpoolBlock[]> {
  const last = (await readdir(path))
    .filter((name) => name.endsWith(".blocks"))
    .toSorted()
    .at(-1);
  if (last === undefined) return [];
  const file = join(path, last);
  const length = tear % ((await readFile(file)).length + 1);
  await truncate(file, length);
  const firstLine = Number.parseInt(last, 10);
  let [line, bytes] = [0, 0];
  return written.filter(({ text, lineCount }) => {
    const isBefore = line < firstLine;
    line += lineCount;
    if (!isBefore) bytes += RECORD_HEADER_BYTES + text.length;
    return isBefore || bytes <= length;
  });
}
