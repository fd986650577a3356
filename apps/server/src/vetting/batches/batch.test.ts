import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { StartVettingBatchRequestSchema } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sql } from "kysely";
import type { ServerContext } from "../../context.ts";
import { explain } from "../../explain/testing/explain.ts";
import { importMachines } from "../../machines/import.ts";
import { testContext } from "../../testing/context.ts";
import { cancelWorkflow } from "../../workflows/cancel.ts";
import { start } from "../testing/run.ts";
import { admitBatches } from "./admit.ts";
import { cancelBatch } from "./cancel.ts";
import { hasEnded, listBatches, readBatch } from "./read.ts";
import { startBatch } from "./start.ts";

const DELIVERY = `name,serial,rack,power_watts,label.model
n1,S1,4,600,r640
n2,S2,4,600,r640
n3,S3,5,600,r640
n4,S4,5,600,r750
`;

async function delivered(context: ServerContext): Promise<void> {
  const file = { $typeName: "groundcrew.v1.PipelineFile" as const, path: "d.csv", content: DELIVERY };
  await importMachines(context, "alice", { $typeName: "groundcrew.v1.ImportMachinesRequest", file });
}

function batch(context: ServerContext, request: MessageInitShape<typeof StartVettingBatchRequestSchema>) {
  return startBatch(context, "alice", create(StartVettingBatchRequestSchema, { profile: "demo", ...request }));
}

/** The names of the machines whose runs are active, and of those that wait. */
async function standing(context: ServerContext, id: string): Promise<[string[], string[]]> {
  const { rows } = await sql<{ name: string; state: string }>`
    select m.name, w.state from vetting_runs v join workflows w on w.id = v.workflow_id
    join machines m on m.id = v.machine_id where v.batch_id = ${id} order by w.id`.execute(context.db);
  const named = (state: string) => rows.filter((row) => row.state === state).map(({ name }) => name);
  return [named("queued"), named("blocked")];
}

async function runOf(context: ServerContext, id: string, name: string): Promise<string> {
  const run = (await readBatch(context.db, id)).runs.find(({ machine }) => machine?.name === name);
  assert.ok(run);
  return run.id;
}

suite("a batch of vetting runs", () => {
  test("lets as many go on as a rack may, and the next when one has ended, whatever replica looks", async (t) => {
    const context = await testContext(t);
    await delivered(context);
    const id = await batch(context, { targets: ["n1", "n2"], labels: { rack: "5" }, perRack: 1 });
    assert.deepEqual(await standing(context, id), [
      ["n1", "n3"],
      ["n2", "n4"],
    ]);
    const waits = await explain(context, { id: await runOf(context, id, "n4") });
    assert.match(waits.summary, new RegExp(`vetting batch ${id} \\(1 a rack\\): 2 go on .* number 2 of those`));

    await Promise.all([admitBatches(context), admitBatches({ ...context, replica: "b" })]);
    assert.deepEqual(await standing(context, id), [
      ["n1", "n3"],
      ["n2", "n4"],
    ]);
    await cancelWorkflow(context, await runOf(context, id, "n1"), "alice");
    await Promise.all([admitBatches(context), admitBatches({ ...context, replica: "b" })]);
    assert.deepEqual(await standing(context, id), [["n3", "n2"].toSorted(), ["n4"]]);

    await cancelBatch(context, id, "alice");
    const ended = await readBatch(context.db, id);
    assert.ok(hasEnded(ended));
    assert.deepEqual([ended.counts?.total, ended.counts?.other, ended.counts?.waiting], [4, 4, 0]);
    assert.equal(
      (await listBatches(context.db, { $typeName: "groundcrew.v1.ListVettingBatchesRequest" })).batches?.length,
      1,
    );
  });

  test("keeps within the power, and starts one at a time when it is staggered", async (t) => {
    const context = await testContext(t);
    await delivered(context);
    const id = await batch(context, { labels: { model: "r640" }, maxWatts: 1300, staggerMs: 60_000 });
    assert.deepEqual(await standing(context, id), [["n1"], ["n2", "n3"]]);
    const later = () =>
      sql`update vetting_batches set admitted_at = admitted_at - interval '61 seconds'`.execute(context.db);
    await admitBatches(context);
    assert.deepEqual(await standing(context, id), [["n1"], ["n2", "n3"]]);
    await later();
    await admitBatches(context);
    assert.deepEqual(await standing(context, id), [["n1", "n2"], ["n3"]]);
    await later();
    await admitBatches(context);
    assert.equal((await readBatch(context.db, id)).counts?.activeWatts, 1200);
  });

  test("is started whole or not at all, and says why not", async (t) => {
    const context = await testContext(t);
    await delivered(context);
    await context.db.updateTable("machines").set({ power_watts: null }).where("name", "=", "n4").execute();
    const busy = await start(context, "n2");
    const csv = (content: string) => ({ targetsFile: { path: "t.csv", content } });
    const refused: [MessageInitShape<typeof StartVettingBatchRequestSchema>, RegExp][] = [
      [{}, /targets is "none"/],
      [{ targets: ["n1", "n9"] }, /no machine has the id, name, serial or host name "n9"/],
      [{ targets: ["n1", "n2"] }, new RegExp(`vetting run ${busy} of .*n2.* is queued`)],
      [{ targets: ["n4"], maxWatts: 900 }, /max_watts needs power_watts, which these do not have: .*n4/],
      [{ targets: ["n1"], maxWatts: 500 }, /max_watts is "?500"?.*at least the 600 W of .*n1/],
      [{ labels: { rack: "9" } }, /no machine has the labels rack=9/],
      [csv("rack,serial\n4,S1\n4,S9\n"), /t\.csv:3:3: no machine has .*"S9"/],
      [csv(""), /t\.csv:1:1: it is empty/],
    ];
    for (const [request, message] of refused) await assert.rejects(batch(context, request), message);
    const { count } = await context.db
      .selectFrom("vetting_runs")
      .select((eb) => eb.fn.countAll<string>().as("count"))
      .executeTakeFirstOrThrow();
    assert.equal(count, "1");
    await batch(context, csv("S1\nS3\n"));
  });
});
