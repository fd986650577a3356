import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import * as fc from "fast-check";
import { LogStream } from "@groundcrew/proto";
import type { SpoolLine } from "./record.ts";
import type { Position } from "./segment.ts";
import { Spool } from "./spool.ts";

const HEADER = { workflowId: "1", epoch: "2", step: "build", try: 1, baseMs: 1_700_000_000_000 };
const START: Position = { line: 0, byte: 0 };

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "spool-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

function line(text: string | Uint8Array, atMs = 0): SpoolLine {
  return { atMs, stream: LogStream.STDOUT, text: Buffer.from(text) };
}

/** Every line from a position on, in batches of at most `maxBytes`. */
async function readAll(spool: Spool, from: Position, maxBytes = 1000): Promise<SpoolLine[]> {
  const lines: SpoolLine[] = [];
  for (let at = from; at.line < spool.lineCount;) {
    const batch = await spool.read(at, maxBytes);
    assert.notEqual(batch.lines.length, 0, "a batch has at least one line");
    lines.push(...batch.lines);
    at = batch.end;
  }
  return lines.map((one) => ({ ...one, text: Buffer.from(one.text) }));
}

suite("a spool", () => {
  test("gives back what was appended, in order, across files and batches", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER, { segmentBytes: 100 });
    const lines = Array.from({ length: 50 }, (_, index) => line(`line ${index}`, index));
    for (const one of lines) await spool.append([one]);
    await spool.end();
    assert.deepEqual(await readAll(spool, START, 60), lines);
  });

  test("keeps appends in the order of the calls, not of the writes", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER);
    await Promise.all([spool.append([line("a")]), spool.append([line("b")]), spool.append([line("c")])]);
    await spool.end();
    assert.deepEqual(
      (await readAll(spool, START)).map(({ text }) => String(text)),
      ["a", "b", "c"],
    );
  });

  test("finds any line, also in the middle of a file", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER, { segmentBytes: 64 });
    for (let index = 0; index < 20; index++) await spool.append([line(`line ${index}`)]);
    for (let index = 0; index < 20; index++) {
      const batch = await spool.read(await spool.positionOf(index), 1);
      assert.equal(String(batch.lines[0]?.text), `line ${index}`);
    }
    assert.equal((await spool.positionOf(1000)).line, 20);
    await spool.end();
  });

  test("makes its writer wait while too much is unsent, until it is acknowledged", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER, { maxUnsentBytes: 10 });
    await spool.append([line("first, long enough")]);
    let written = false;
    const second = spool.append([line("second")]).then(() => (written = true));
    const batch = await spool.read(START, 1000);
    assert.equal(written, false);
    await spool.acknowledge(batch.end);
    await second;
    assert.equal(spool.lineCount, 2);
    await spool.end();
  });

  test("stops waiting when told", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER, { maxUnsentBytes: 1 });
    await spool.append([line("first")]);
    const giveUp = new AbortController();
    const second = spool.append([line("second")], giveUp.signal);
    giveUp.abort(new Error("lost"));
    await assert.rejects(second, /lost/);
    await spool.end();
  });

  test("deletes files once all of their lines are acknowledged, and says what is the oldest line left", async (t) => {
    const path = await folder(t);
    const spool = await Spool.create(path, HEADER, { segmentBytes: 1 });
    for (let index = 0; index < 5; index++) await spool.append([line(`line ${index}`)]);
    await spool.acknowledge(await spool.positionOf(3));
    assert.deepEqual((await readdir(path)).filter((name) => name.endsWith(".records")).length, 2);
    assert.equal((await spool.positionOf(0)).line, 3);
    await spool.end();
  });

  test("abandoned, it counts lines and keeps nobody waiting", async (t) => {
    const spool = await Spool.create(await folder(t), HEADER, { maxUnsentBytes: 1 });
    await spool.append([line("first")]);
    const second = spool.append([line("second")]);
    spool.abandon();
    await second;
    assert.equal(spool.lineCount, 2);
    await spool.end();
  });
});

suite("a spool that a killed process left", () => {
  const lines = fc.array(
    fc.record(
      {
        text: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
        atMs: fc.nat(),
        stream: fc.constantFrom(LogStream.STDOUT, LogStream.STDERR, LogStream.AGENT),
      },
      { noNullPrototype: true },
    ),
    { maxLength: 20 },
  );

  test("torn at any byte, it has every complete record and no other", async (t) => {
    const root = await folder(t);
    const property = async (written: SpoolLine[], segmentBytes: number, tear: number) => {
      const path = await mkdtemp(join(root, "torn-"));
      const spool = await Spool.create(path, HEADER, { segmentBytes });
      for (const one of written) await spool.append([one]);
      await spool.end();
      const complete = await tearLastFile(path, written, tear);
      const found = await Spool.open(path);
      assert.deepEqual(found.header, HEADER);
      assert.equal(found.ended, true);
      assert.deepEqual(await readAll(found, START), complete);
    };
    await fc.assert(fc.asyncProperty(lines, fc.integer({ min: 1, max: 200 }), fc.nat(), property), { numRuns: 60 });
  });

  test("with zeros after its last record, as a power cut leaves them, it ends there", async (t) => {
    const path = await folder(t);
    const spool = await Spool.create(path, HEADER);
    await spool.append([line("kept")]);
    await spool.end();
    const file = join(path, "0000000000.records");
    await truncate(file, (await readFile(file)).length + 100);
    assert.equal((await Spool.open(path)).lineCount, 1);
  });
});

/** Cuts the newest file somewhere and answers the lines that are still whole. */
async function tearLastFile(path: string, written: SpoolLine[], tear: number): Promise<SpoolLine[]> {
  const last = (await readdir(path))
    .filter((name) => name.endsWith(".records"))
    .toSorted()
    .at(-1);
  if (last === undefined) return [];
  const file = join(path, last);
  const length = tear % ((await readFile(file)).length + 1);
  await truncate(file, length);
  const first = Number.parseInt(last, 10);
  let bytes = 0;
  const whole = written.slice(first).filter(({ text }) => (bytes += 9 + text.length) <= length);
  return [...written.slice(0, first), ...whole];
}
