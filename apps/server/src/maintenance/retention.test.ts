import { temporaryFolder } from "@groundcrew/testkit";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { BlobFault } from "../blobs/blob-fault.ts";
import type { ServerContext } from "../context.ts";
import { json } from "../db/json.ts";
import type { WorkflowStateName } from "../db/schema.ts";
import { sweepLogs } from "../logs/sweep.ts";
import { testContext } from "../testing/context.ts";
import { openStores } from "../testing/stores.ts";
import { insertWorkflow } from "../testing/fleet.ts";
import { removeGoneReplicas } from "./gone-replicas.ts";
import { removeOldLeases } from "./old-leases.ts";
import { removeOldPipelines, removeOldVettingRuns, removeSurplusPipelines } from "./retention.ts";

const DAY_MS = 86_400_000;
const RETENTION_MS = 90 * DAY_MS;

/** Everything that a workflow leaves, beside its own row and its pipeline's. */
const LEFT = ["log_chunks", "samples", "blobs", "step_runs", "leases", "workflow_events", "workflow_parents"] as const;

suite("retention", () => {
  test("removes a pipeline that ended long ago, with all that it left, and nothing of another one", async (t) => {
    const context = await testContext(t);
    const [old, young] = [await pipeline(context, { daysAgo: 91 }), await pipeline(context, { daysAgo: 89 })];
    await leaveAll(context, old, "old");
    await leaveAll(context, young, "young");
    assert.equal(await removeOldPipelines(context, RETENTION_MS), 1);
    assert.deepEqual(await pipelineIds(context), [young.id]);
    await sweepLogs(context);
    for (const table of LEFT) assert.equal(await countOf(context, table), 1, table);
    assert.equal(await countOf(context, "workflows"), 2);
    assert.equal(await removeOldPipelines(context, RETENTION_MS), 0);
  });

  test("removes the files with it, but for those whose content another one has as well", async (t) => {
    const folder = await temporaryFolder(t, "blobs");
    const context = { ...(await testContext(t)), ...(await openStores(folder)) };
    const old = [await pipeline(context, { daysAgo: 91 }), await pipeline(context, { daysAgo: 91 })] as const;
    const young = await pipeline(context, { daysAgo: 89 });
    const alone = await leaveAll(context, old[0], "alone");
    const shared = await leaveAll(context, old[1], "shared");
    await leaveAll(context, young, "shared");
    await storedDaysAgo(folder, 89);
    assert.equal(await removeOldPipelines(context, RETENTION_MS), 2);
    assert.deepEqual([await isStored(context, alone), await isStored(context, shared)], [false, true]);
    assert.equal(await countOf(context, "blobs"), 1);
  });

  for (const state of ["blocked", "queued", "leased", "running"] as const) {
    test(`keeps a pipeline of which one workflow is ${state}, however old it is`, async (t) => {
      const context = await testContext(t);
      await pipeline(context, { daysAgo: 1_000, states: ["succeeded", state] });
      assert.equal(await removeOldPipelines(context, RETENTION_MS), 0);
      assert.equal(await countOf(context, "workflows"), 2);
    });
  }

  test("counts from the end of the last workflow, not from the submission", async (t) => {
    const context = await testContext(t);
    const { workflowIds } = await pipeline(context, { daysAgo: 200 });
    await finishedDaysAgo(context, workflowIds.slice(1), 10);
    assert.equal(await removeOldPipelines(context, RETENTION_MS), 0);
  });

  test("removes in parts, and all there is when it is asked until nothing is left", async (t) => {
    const context = await testContext(t);
    for (let i = 0; i < 60; i++) await pipeline(context, { daysAgo: 100, states: ["failed"] });
    assert.equal(await removeOldPipelines(context, RETENTION_MS), 50);
    assert.equal(await removeOldPipelines(context, RETENTION_MS), 10);
    assert.equal(await countOf(context, "workflows"), 0);
  });

  test("by count keeps the newest pipelines of each repository, and what has not ended long enough", async (t) => {
    const context = await testContext(t);
    const ours = [await pipeline(context, { daysAgo: 9 }), await pipeline(context, { daysAgo: 8 })] as const;
    const running = await pipeline(context, { daysAgo: 7, states: ["succeeded", "running"] });
    const justEnded = await pipeline(context, { daysAgo: 1 });
    const newest = await pipeline(context, { daysAgo: 5 });
    const theirs = await pipeline(context, { daysAgo: 99, repository: "theirs" });
    assert.equal(await removeSurplusPipelines(context, 5), 0);
    assert.equal(await removeSurplusPipelines(context, 1), 2);
    assert.deepEqual(await pipelineIds(context), [running.id, justEnded.id, newest.id, theirs.id], `not ${ours[0].id}`);
    assert.equal(await removeSurplusPipelines(context, 1), 0);
  });

  test("of vetting runs keeps the newest of each machine that has ended", async (t) => {
    const context = await testContext(t);
    const [first, second] = [await machine(context, "1"), await machine(context, "2")];
    const gone = await vettingRun(context, first, "failed");
    const newest = await vettingRun(context, first, "succeeded");
    const running = await vettingRun(context, first, "running");
    const only = await vettingRun(context, second, "succeeded");
    await finishedDaysAgo(context, [gone, newest, only], 1_000);
    assert.equal(await removeOldVettingRuns(context, RETENTION_MS), 1);
    const left = await context.db.selectFrom("vetting_runs").select("workflow_id").orderBy("workflow_id").execute();
    assert.deepEqual(
      left.map((row) => row.workflow_id),
      [newest, running, only],
    );
    assert.equal(await countOf(context, "workflows"), 3);
  });

  test("of leases keeps those that late logs may still come for", async (t) => {
    const context = await testContext(t);
    const hours = [null, 1, 24, 26, 1_000];
    for (const [epoch, ago] of hours.entries()) {
      const ended = ago === null ? null : sql<Date>`now() - ${ago} * interval '1 hour'`;
      const lease = { workflow_id: "1", agent_id: "00000000-0000-0000-0000-000000000000" };
      await context.db
        .insertInto("leases")
        .values({ epoch: String(epoch), ended_at: ended, ...lease })
        .execute();
    }
    assert.equal(await removeOldLeases(context), 2);
    assert.equal(await countOf(context, "leases"), 3);
  });

  test("of replicas forgets those that have not beaten for an hour", async (t) => {
    const context = await testContext(t);
    const alive = (minutes: number) => sql<Date>`now() - ${minutes} * interval '1 minute'`;
    await context.db
      .insertInto("replicas")
      .values([
        { name: "here", alive_at: alive(59) },
        { name: "gone", alive_at: alive(61) },
      ])
      .execute();
    assert.equal(await removeGoneReplicas(context), 1);
    assert.equal(await countOf(context, "replicas"), 1);
  });
});

interface TestPipeline {
  id: string;
  workflowIds: string[];
}

/** A pipeline that was submitted, and whose ended workflows ended, so many days ago. */
async function pipeline(
  context: ServerContext,
  {
    daysAgo,
    states = ["succeeded", "skipped"],
    repository = "",
  }: { daysAgo: number; states?: WorkflowStateName[]; repository?: string },
): Promise<TestPipeline> {
  const { id } = await context.db
    .insertInto("pipelines")
    .values({
      name: "p",
      file_path: "",
      file_content: "",
      repository,
      commit: "",
      branch: "",
      env: json({}),
      submitted_by: "test",
      idempotency_key: null,
      created_at: sql<Date>`now() - ${daysAgo} * interval '1 day'`,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  const workflowIds = [];
  for (const state of states) workflowIds.push((await insertWorkflow(context, { pipeline_id: id, state })).id);
  await finishedDaysAgo(context, workflowIds, daysAgo);
  return { id, workflowIds };
}

/** Those of these workflows that have ended did so many days ago. */
async function finishedDaysAgo({ db }: ServerContext, ids: string[], days: number): Promise<void> {
  await sql`update workflows set finished_at = now() - ${days} * interval '1 day'
    where id = any (${ids}::bigint[]) and state not in ('blocked', 'queued', 'leased', 'running')`.execute(db);
}

/** One row of each kind, and a file of this content. Returns the file's SHA-256. */
async function leaveAll(context: ServerContext, { workflowIds }: TestPipeline, content: string): Promise<Uint8Array> {
  const [workflow_id = "", child_id = ""] = workflowIds;
  const { db, blobs } = context;
  const epoch = workflow_id;
  const lease = { epoch, workflow_id, agent_id: "00000000-0000-0000-0000-000000000000" };
  await db.insertInto("leases").values(lease).execute();
  await db.insertInto("workflow_events").values({ workflow_id, epoch, to_state: "leased", actor: "test" }).execute();
  await db.insertInto("workflow_parents").values({ parent_id: workflow_id, child_id }).execute();
  const { id: step_run_id } = await db
    .insertInto("step_runs")
    .values({ workflow_id, epoch, step: "run", try: 1, state: "succeeded" })
    .returning("id")
    .executeTakeFirstOrThrow();
  const chunk = { step_run_id, first_line: "0", line_count: 1, data: Buffer.from("x") };
  await db.insertInto("log_chunks").values(chunk).execute();
  const sample = { workflow_id, epoch, at: new Date(0), kind: "k", key: "k", value: 1, unit: "u" };
  await db.insertInto("samples").values(sample).execute();
  const { size, sha256 } = await blobs.put(Buffer.from(content));
  const file = { name: "f", content_type: "text/plain", size: String(size), sha256 };
  await db
    .insertInto("blobs")
    .values({ workflow_id, step_run_id, ...file })
    .execute();
  return sha256;
}

async function storedDaysAgo(folder: string, days: number): Promise<void> {
  const at = new Date(Date.now() - days * DAY_MS);
  for (const name of await readdir(folder, { recursive: true })) await utimes(join(folder, name), at, at);
}

async function machine({ db }: ServerContext, serial: string): Promise<string> {
  const named = { vendor: "", product: "", hostname: "" };
  const { id } = await db
    .insertInto("machines")
    .values({ system_uuid: serial, board_serial: serial, serial, macs: [], ...named })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

async function vettingRun(context: ServerContext, machineId: string, state: WorkflowStateName): Promise<string> {
  const { id } = await insertWorkflow(context, { kind: "vetting", state });
  await context.db
    .insertInto("vetting_runs")
    .values({ workflow_id: id, machine_id: machineId, profile_name: "p", run: json({}) as never, report_blob_id: null })
    .execute();
  return id;
}

async function pipelineIds({ db }: ServerContext): Promise<string[]> {
  return (await db.selectFrom("pipelines").select("id").orderBy("id").execute()).map(({ id }) => id);
}

async function countOf({ db }: ServerContext, table: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from ${sql.table(table)}`.execute(db);
  return rows[0]?.count ?? Number.NaN;
}

async function isStored({ blobs }: ServerContext, sha256: Uint8Array): Promise<boolean> {
  return Array.fromAsync(blobs.read(sha256)).then(
    () => true,
    (error: unknown) => {
      assert.ok(error instanceof BlobFault, String(error));
      return false;
    },
  );
}
