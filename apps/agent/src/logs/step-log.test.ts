import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { StepLog } from "./step-log.ts";

const SIXTY_DAYS_MS = 60 * 24 * 3_600_000;

for (const [way, stepMs] of [
  ["forward", -SIXTY_DAYS_MS],
  ["back", SIXTY_DAYS_MS],
] as const) {
  test(`a clock that is set ${way} by months while a step runs leaves the times of its lines alone`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "step-log-"));
    t.after(() => rm(directory, { recursive: true }));
    const header = { workflowId: "1", epoch: "2", step: "build", try: 1, baseMs: Date.now() + stepMs };
    const before = performance.now();
    const log = await StepLog.create({ directory, header, signal: t.signal });
    await log.note("first");
    await new Promise((resolve) => setImmediate(resolve));
    await log.note("second");
    await log.end();
    const elapsedMs = performance.now() - before;
    const { lines } = await log.spool.read({ line: 0, byte: 0 }, 1000);
    const [first = -1, second = -1] = lines.map(({ atMs }) => atMs);
    assert.ok(0 <= first && first <= second && second <= elapsedMs, `${first}, ${second} of ${elapsedMs} ms`);
  });
}
