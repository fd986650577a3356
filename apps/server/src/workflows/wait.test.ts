import { create } from "@bufbuild/protobuf";
import { WaitOutcome, WaitRequestSchema, WorkflowState } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, insertWorkflow, startOne } from "../testing/fleet.ts";
import { cancelWorkflow } from "./cancel.ts";
import { WaitRoom } from "./wait.ts";

const asked = (lease: { workflowId: string; epoch: string }, holdMs = 0) =>
  create(WaitRequestSchema, { ...lease, holdMs });
const open = () => new AbortController().signal;

suite("a held Wait", () => {
  test("hears of a cancel, and who asked for it", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const lease = await startOne(context, agent);
    const heard = new WaitRoom(context).wait(agent, asked(lease), open());
    await cancelWorkflow(context, id, "alice");
    assert.deepEqual(await heard, { outcome: WaitOutcome.CANCELED, canceledBy: "alice" });
  });

  test("hears of its workflow's end", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    const heard = new WaitRoom(context).wait(agent, asked(lease), open());
    await done(context, agent, lease);
    assert.deepEqual(await heard, { outcome: WaitOutcome.ENDED });
  });

  test("hears that the lease is another's, or was handed back", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    const room = new WaitRoom(context);
    const other = await enrolAgent(context);
    assert.deepEqual(await room.wait(other, asked(lease), open()), { outcome: WaitOutcome.LOST });
    const stale = { ...lease, epoch: String(Number(lease.epoch) + 1) };
    assert.deepEqual(await room.wait(agent, asked(stale), open()), { outcome: WaitOutcome.LOST });
    const heard = room.wait(agent, asked(lease), open());
    await done(context, agent, lease, { state: WorkflowState.QUEUED });
    assert.deepEqual(await heard, { outcome: WaitOutcome.LOST });
  });

  test("is answered RUNNING when its hold is over, its caller leaves, or the server stops", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    const room = new WaitRoom(context);
    const running = { outcome: WaitOutcome.RUNNING };
    assert.deepEqual(await room.wait(agent, asked(lease, 20), open()), running);
    assert.deepEqual(await room.wait(agent, asked(lease), AbortSignal.abort()), running);
    const stopping = new AbortController();
    const held = new WaitRoom({ ...context, stopping: stopping.signal }).wait(agent, asked(lease), open());
    stopping.abort();
    assert.deepEqual(await held, running);
  });

  test("finds without a hint what happened, at its next look", { timeout: 20_000 }, async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const lease = await startOne(context, agent);
    const room = new WaitRoom(context);
    const heard = room.wait(agent, asked(lease), open());
    // Answered by the first look at the earliest, which has found the workflow running.
    await room.wait(agent, asked({ ...lease, epoch: "999" }), open());
    await context.db.updateTable("workflows").set({ state: "lost" }).where("id", "=", id).execute();
    assert.deepEqual(await heard, { outcome: WaitOutcome.LOST });
  });
});
