import { WaitOutcome, WorkflowState, EndReason } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, readWorkflow, startOne, takeOne } from "../testing/fleet.ts";
import { submit } from "../testing/pipeline.ts";
import { cancelPipeline, cancelWorkflow } from "./cancel.ts";
import { WaitRoom } from "./wait.ts";

async function states({ db }: ServerContext, pipelineId: string): Promise<Record<string, string>> {
  const rows = await db.selectFrom("workflows").selectAll().where("pipeline_id", "=", pipelineId).execute();
  return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
}

suite("canceling a workflow", () => {
  test("ends one that is queued at once, and skips what depends on it", async (t) => {
    const context = await testContext(t);
    const { id, ids } = await submit(context, { a: {}, b: { after: ["a"] }, c: { after: ["b"] }, d: {} });
    await cancelWorkflow(context, ids["a"] ?? "", "alice");
    assert.deepEqual(await states(context, id), { a: "canceled", b: "skipped", c: "skipped", d: "queued" });
    const row = await readWorkflow(context, ids["a"] ?? "");
    assert.equal(row.end_reason, "canceled");
    assert.equal(row.canceled_by, "alice");
  });

  test("ends one that is blocked at once", async (t) => {
    const context = await testContext(t);
    const { id, ids } = await submit(context, { a: {}, b: { after: ["a"] }, c: { after: ["b"] } });
    await cancelWorkflow(context, ids["b"] ?? "", "alice");
    assert.deepEqual(await states(context, id), { a: "queued", b: "canceled", c: "skipped" });
  });

  for (const [what, take] of [
    ["granted", takeOne],
    ["running", startOne],
  ] as const) {
    test(`marks one that is ${what}, and leaves it to its agent`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      const { ids } = await submit(context, { a: {} });
      const lease = await take(context, agent);
      await cancelWorkflow(context, ids["a"] ?? "", "alice");
      const row = await readWorkflow(context, lease.workflowId);
      assert.ok(row.state === "leased" || row.state === "running");
      assert.notEqual(row.cancel_requested_at, null);
      assert.equal(row.canceled_by, "alice");
    });
  }

  test("wins over a Done that comes later, whatever it says", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await submit(context, { a: {} });
    const lease = await startOne(context, agent);
    await cancelWorkflow(context, lease.workflowId, "alice");
    assert.equal(await done(context, agent, lease, { state: WorkflowState.SUCCEEDED }), "canceled");
  });

  test("answers the agent's Wait at once", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await submit(context, { a: {} });
    const lease = await startOne(context, agent);
    const request = { ...lease, holdMs: 0 } as Parameters<WaitRoom["wait"]>[1];
    const heard = new WaitRoom(context).wait(agent, request, AbortSignal.timeout(10_000));
    await cancelWorkflow(context, lease.workflowId, "alice");
    assert.equal((await heard).outcome, WaitOutcome.CANCELED);
  });

  test("keeps the first who asked", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await submit(context, { a: {} });
    const { workflowId } = await startOne(context, agent);
    await cancelWorkflow(context, workflowId, "alice");
    const first = await readWorkflow(context, workflowId);
    await cancelWorkflow(context, workflowId, "bob");
    assert.deepEqual(await readWorkflow(context, workflowId), first);
  });

  test("changes nothing of one that has ended", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await submit(context, { a: {} });
    const lease = await startOne(context, agent);
    await done(context, agent, lease, { state: WorkflowState.FAILED, endReason: EndReason.STEP_FAILED });
    const ended = await readWorkflow(context, lease.workflowId);
    await cancelWorkflow(context, lease.workflowId, "alice");
    assert.deepEqual(await readWorkflow(context, lease.workflowId), ended);
  });

  test("needs one that exists", async (t) => {
    const context = await testContext(t);
    await assert.rejects(cancelWorkflow(context, "99", "alice"), { code: Code.NotFound });
  });
});

suite("canceling a pipeline", () => {
  test("ends what nobody runs as canceled, not skipped, and marks what runs", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id, ids } = await submit(context, { a: {}, b: { after: ["a"] }, c: { after: ["b"] }, d: {} });
    const { workflowId } = await startOne(context, agent);
    assert.equal(workflowId, ids["a"]);
    assert.equal(await cancelPipeline(context, id, "alice"), 4);
    assert.deepEqual(await states(context, id), { a: "running", b: "canceled", c: "canceled", d: "canceled" });
    assert.notEqual((await readWorkflow(context, workflowId)).cancel_requested_at, null);
  });

  test("counts what had not ended, and may be repeated", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await submit(context, { a: {}, b: {} });
    const lease = await startOne(context, agent);
    assert.equal(await cancelPipeline(context, id, "alice"), 2);
    assert.equal(await cancelPipeline(context, id, "alice"), 1);
    await done(context, agent, lease);
    assert.equal(await cancelPipeline(context, id, "alice"), 0);
    assert.deepEqual(await states(context, id), { a: "canceled", b: "canceled" });
  });

  test("meets the end of one of its workflows at the same time without a deadlock", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { capacity: 8 });
    const { id, ids } = await submit(context, {
      a: {},
      b: {},
      c: { after: ["a"] },
      d: { after: ["b", "c"] },
      e: { after: ["a", "d"] },
      f: { after: ["b", "e"] },
    });
    const lease = await startOne(context, agent);
    const failed = { state: WorkflowState.FAILED, endReason: EndReason.STEP_FAILED };
    await Promise.all([
      done(context, agent, lease, failed),
      cancelPipeline(context, id, "alice"),
      cancelWorkflow(context, ids["d"] ?? "", "bob"),
    ]);
    const ended = new Set(["failed", "canceled", "skipped"]);
    for (const state of Object.values(await states(context, id))) assert.ok(ended.has(state), state);
  });

  test("may be of a thousand workflows", async (t) => {
    const context = await testContext(t);
    const chain = Array.from({ length: 1_000 }, (_, n) => [`w${n}`, n === 0 ? {} : { after: [`w${n - 1}`] }]);
    const { id } = await submit(context, Object.fromEntries(chain));
    assert.equal(await cancelPipeline(context, id, "alice"), 1_000);
    assert.deepEqual([...new Set(Object.values(await states(context, id)))], ["canceled"]);
  });

  test("needs one that exists", async (t) => {
    const context = await testContext(t);
    await assert.rejects(cancelPipeline(context, "99", "alice"), { code: Code.NotFound });
  });
});
