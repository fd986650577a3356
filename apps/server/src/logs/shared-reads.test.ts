import { create } from "@bufbuild/protobuf";
import { TailLogsRequestSchema } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { countStatements } from "../testing/count-statements.ts";
import { done, enrolAgent, insertWorkflow, logLines, startOne } from "../testing/fleet.ts";
import { appendLog } from "../testing/verbs.ts";
import { SharedReads } from "./shared-reads.ts";
import { tailLogs } from "./tail.ts";

const READERS = 60;

suite("many who follow one log", () => {
  test("each get every line, by statements that they share", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    const { db, count } = countStatements(context.db);
    const reads = new SharedReads(db);
    const request = create(TailLogsRequestSchema, { workflowId: lease.workflowId, follow: true });
    const tails = Array.from({ length: READERS }, () =>
      Array.fromAsync(tailLogs(context, request, AbortSignal.timeout(30_000), reads)),
    );
    for (let line = 0; line < 5; line++) await appendLog(context, agent, logLines(lease, line, 1));
    await done(context, agent, lease);
    for (const responses of await Promise.all(tails)) {
      const lines = responses.flatMap(({ entries }) => entries.map(({ text }) => Buffer.from(text).toString()));
      assert.deepEqual(lines, ["0", "1", "2", "3", "4"]);
    }
    assert.ok(count() < READERS * 2, `${count()} statements`);
  });

  test("of different steps and workflows get their own", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (const name of ["a", "b"]) await insertWorkflow(context, { name });
    const leases = [await startOne(context, agent), await startOne(context, agent)];
    for (const lease of leases) await appendLog(context, agent, logLines(lease, 0, 1));
    const reads = new SharedReads(context.db);
    const ids = leases.map(({ workflowId }) => workflowId);
    const [all, none, first] = await Promise.all([
      reads.sources(ids, "run"),
      reads.sources(ids, "other"),
      reads.sources(ids.slice(0, 1), null),
    ]);
    const shown = (sources: typeof all) => sources.map(({ name, stepRuns }) => `${name} ${stepRuns.length}`);
    assert.deepEqual([shown(all), shown(none), shown(first)], [["a 1", "b 1"], ["a 0", "b 0"], ["a 1"]]);
  });
});
