import { create } from "@bufbuild/protobuf";
import { TailLogsRequestSchema } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import type { ServerContext } from "../../context.ts";
import type { ObjectStore } from "../../objects/object-store.ts";
import { openS3Store } from "../../objects/s3-store.ts";
import { testContext } from "../../testing/context.ts";
import { done, enrolAgent, insertWorkflow, logLines, startOne } from "../../testing/fleet.ts";
import { backdateLogs } from "../../testing/log-days.ts";
import { startS3 } from "../../testing/s3.ts";
import { appendLog } from "../../testing/verbs.ts";
import { sweepLogs } from "../sweep.ts";
import { tailLogs } from "../tail.ts";
import { moveLogs } from "./move-logs.ts";

const DAY_MS = 86_400_000;
const AFTER_MS = 2 * DAY_MS;

/** A workflow that ended three days ago with lines 0 to 9, but for 4 and 5, which were lost. */
async function finished(t: TestContext, changes: Partial<ServerContext> = {}) {
  const context = { ...(await testContext(t)), ...changes };
  const agent = await enrolAgent(context);
  await insertWorkflow(context);
  const lease = await startOne(context, agent);
  for (const [from, count, lost] of [
    [0, 1, 0],
    [1, 3, 0],
    [6, 4, 2],
  ] as const)
    await appendLog(context, agent, logLines(lease, from, count, lost));
  await done(context, agent, lease);
  await backdateLogs(t, context, 3);
  return { context, workflowId: lease.workflowId };
}

const WHOLE = ["0", "1", "2", "3", "-2", "6", "7", "8", "9"];

/** Each line, which holds its own number, from a line on; gaps as "-N". */
async function read(context: ServerContext, workflowId: string, from?: { stepRunId: string; nextLine: number }) {
  const request = create(TailLogsRequestSchema, { workflowId, cursors: from ? [from] : [] });
  const responses = await Array.fromAsync(tailLogs(context, request, AbortSignal.timeout(30_000)));
  return responses.flatMap(({ entries, lostBefore }) => [
    ...(lostBefore === 0 ? [] : [`-${lostBefore}`]),
    ...entries.map(({ text }) => Buffer.from(text).toString()),
  ]);
}

async function objectKeys({ db }: ServerContext): Promise<string[]> {
  return (await db.selectFrom("log_archives").select("object_key").execute()).map((row) => row.object_key);
}

async function isStored({ objects }: ServerContext, key: string): Promise<boolean> {
  return Array.fromAsync(objects.read(key)).then(
    () => true,
    () => false,
  );
}

/** A store that dies in a put, before or after the object is there, as a process would. */
function dyingAtPut(objects: ObjectStore, when: "before" | "after"): ObjectStore {
  return {
    ...bound(objects),
    async put(key, parts) {
      if (when === "after") await objects.put(key, parts);
      throw new Error(`killed ${when} it was stored`);
    },
  };
}

function bound(objects: ObjectStore): ObjectStore {
  return {
    put: (...args) => objects.put(...args),
    adopt: (...args) => objects.adopt(...args),
    read: (...args) => objects.read(...args),
    remove: (...args) => objects.remove(...args),
  };
}

suite("a log that is moved", () => {
  for (const [where, objects] of [
    ["a folder", undefined],
    ["a bucket", async (t: TestContext) => openS3Store(await startS3(t))],
  ] as const) {
    test(`to ${where} reads as before, from each of its lines on, with no chunk left`, async (t) => {
      const { context, workflowId } = await finished(t, objects && { objects: await objects(t) });
      const { id: stepRunId } = await context.db.selectFrom("step_runs").select("id").executeTakeFirstOrThrow();
      const fromEach = () =>
        Promise.all(WHOLE.concat("end").map((_, nextLine) => read(context, workflowId, { stepRunId, nextLine })));
      const before = await fromEach();
      assert.deepEqual(before[0], WHOLE);
      assert.equal(await moveLogs(context, AFTER_MS), 1);
      assert.deepEqual(await fromEach(), before);
      await sweepLogs(context);
      assert.deepEqual(await context.db.selectFrom("log_chunks").select("first_line").execute(), []);
      assert.deepEqual(await fromEach(), before);
      assert.equal(await moveLogs(context, AFTER_MS), 0);
    });
  }

  test("ended long enough ago", async (t) => {
    const { context } = await finished(t);
    assert.equal(await moveLogs(context, 4 * DAY_MS), 0);
    await context.db.updateTable("workflows").set({ state: "running" }).execute();
    assert.equal(await moveLogs(context, AFTER_MS), 0, "nor one that runs");
  });

  test("may be empty: then there is nothing to store", async (t) => {
    const context = await testContext(t);
    const { id: workflow_id } = await insertWorkflow(context, { state: "succeeded", finished_at: new Date() });
    await context.db
      .insertInto("step_runs")
      .values({ workflow_id, epoch: "1", step: "run", try: 1, state: "succeeded" })
      .execute();
    await backdateLogs(t, context, 3);
    assert.equal(await moveLogs(context, AFTER_MS), 1);
    assert.deepEqual([await objectKeys(context), await read(context, workflow_id)], [[], []]);
  });

  for (const when of ["before", "after"] as const) {
    test(`stays whole when the server dies ${when} the object is stored, and leaves one object`, async (t) => {
      const { context, workflowId } = await finished(t);
      assert.equal(await moveLogs({ ...context, objects: dyingAtPut(context.objects, when) }, AFTER_MS), 0);
      const [left = ""] = await objectKeys(context);
      assert.deepEqual(await read(context, workflowId), WHOLE);
      await sweepLogs(context);
      assert.deepEqual(await read(context, workflowId), WHOLE, "no chunk is swept before its object counts");
      assert.equal(await moveLogs(context, AFTER_MS), 1);
      assert.deepEqual(await read(context, workflowId), WHOLE);
      const [stored = ""] = await objectKeys(context);
      assert.deepEqual([await isStored(context, left), await isStored(context, stored)], [false, true]);
    });
  }

  test("by two replicas at once is moved once, with one object left", async (t) => {
    const { context, workflowId } = await finished(t);
    const slow = Promise.withResolvers<string>();
    const go = Promise.withResolvers<void>();
    const objects: ObjectStore = {
      ...bound(context.objects),
      async put(key, parts) {
        slow.resolve(key);
        await go.promise;
        return context.objects.put(key, parts);
      },
    };
    const frozen = moveLogs({ ...context, objects }, AFTER_MS);
    const lateKey = await slow.promise;
    await moveLogs(context, AFTER_MS);
    go.resolve();
    await frozen;
    assert.deepEqual(await read(context, workflowId), WHOLE);
    const keys = await objectKeys(context);
    assert.equal(keys.length, 1);
    assert.ok(!keys.includes(lateKey) && !(await isStored(context, lateKey)));
  });

  test("goes with its step run", async (t) => {
    const { context } = await finished(t);
    await moveLogs(context, AFTER_MS);
    const [key = ""] = await objectKeys(context);
    await context.db.deleteFrom("step_runs").execute();
    await sweepLogs(context);
    assert.deepEqual([await objectKeys(context), await isStored(context, key)], [[], false]);
  });

  test("and then lost by its store is told as lost, not as empty", async (t) => {
    const { context, workflowId } = await finished(t);
    await moveLogs(context, AFTER_MS);
    for (const key of await objectKeys(context)) await context.objects.remove(key);
    await assert.rejects(
      read(context, workflowId),
      (error) => error instanceof ConnectError && error.code === Code.DataLoss,
    );
  });
});
