import { create } from "@bufbuild/protobuf";
import { HeldLeaseSchema, NextRequestSchema, RegisterAgentRequestSchema } from "@groundcrew/proto";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { registerAgent } from "../agents/register.ts";
import { testContext } from "../testing/context.ts";
import { agentInfo, enrolAgent, insertWorkflow, poll, readWorkflow, startOne, takeOne } from "../testing/fleet.ts";
import { extendLeases, markReceived } from "../workflows/extend.ts";
import { Poller } from "./next.ts";
import { reap } from "./reaper.ts";

suite("a lease", () => {
  test("goes to the highest priority first, then to the oldest", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (const [name, priority] of [
      ["old", 0],
      ["new", 0],
      ["urgent", 5],
    ] as const) {
      await insertWorkflow(context, { name, priority });
    }
    const grants = await poll(context, agent, { freeSlots: 8 });
    assert.deepEqual(
      grants.map(({ name }) => name),
      ["urgent", "old", "new"],
    );
  });

  test("is never given twice, however many ask at once, and epochs are never reused", async (t) => {
    const context = await testContext(t);
    const agents = await Promise.all(Array.from({ length: 4 }, () => enrolAgent(context)));
    for (let i = 0; i < 20; i++) await insertWorkflow(context);
    const polls = agents.flatMap((agent) => [
      poll(context, agent, { freeSlots: 4 }),
      poll(context, agent, { freeSlots: 4 }),
    ]);
    const grants = (await Promise.all(polls)).flat();
    assert.equal(new Set(grants.map(({ workflowId }) => workflowId)).size, grants.length);
    assert.equal(new Set(grants.map(({ epoch }) => epoch)).size, grants.length);
  });

  test("is not given beyond an agent's capacity, whatever it asks for", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { capacity: 2 });
    for (let i = 0; i < 5; i++) await insertWorkflow(context);
    assert.equal((await poll(context, agent, { freeSlots: 1024 })).length, 2);
    assert.equal((await poll(context, agent, { freeSlots: 1024 })).length, 0);
  });

  test("is given with as many others as fit into one answer", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (let i = 0; i < 5; i++) await insertWorkflow(context, { run: "#".repeat(1_500_000) });
    assert.equal((await poll(context, agent, { freeSlots: 8 })).length, 3);
    assert.equal((await poll(context, agent, { freeSlots: 8 })).length, 2);
  });

  test("is told again to the same poll: a lost answer loses nothing", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    await insertWorkflow(context);
    const first = await poll(context, agent, { pollId: "p" });
    assert.deepEqual(await poll(context, agent, { pollId: "p" }), first);
    assert.notDeepEqual(await poll(context, agent, { pollId: "q" }), first);
  });

  test("is told to a poll that is asked again while it is still open, and leased once", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (let i = 0; i < 5; i++) await insertWorkflow(context);
    const answers = await Promise.all(Array.from({ length: 4 }, () => poll(context, agent, { pollId: "p" })));
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
  });

  test("is not given beyond an agent's capacity to polls that are open at once", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { capacity: 2 });
    for (let i = 0; i < 5; i++) await insertWorkflow(context);
    const answers = await Promise.all(Array.from({ length: 4 }, () => poll(context, agent, { freeSlots: 2 })));
    assert.equal(answers.flat().length, 2);
  });

  test("is not given to a process that was superseded", async (t) => {
    const context = await testContext(t);
    const old = await enrolAgent(context);
    await insertWorkflow(context);
    const again = create(RegisterAgentRequestSchema, { info: agentInfo({ name: old.name }), protocolVersion: 1 });
    const { generation = "" } = await registerAgent(context, { kind: "agent", ...old }, again);
    assert.equal((await poll(context, old)).length, 0);
    assert.equal((await poll(context, { ...old, generation })).length, 1);
  });

  test("wakes a held poll the moment work is there", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const request = create(NextRequestSchema, { pollId: "p", freeSlots: 1 });
    const held = new Poller(context).next(agent, request, new AbortController().signal);
    const { id } = await insertWorkflow(context);
    context.hints.publish("queue");
    assert.equal((await held).grants?.[0]?.workflowId, id);
  });

  test("an empty answer comes when the hold is over, and when the caller leaves", async (t) => {
    const context = await testContext(t, { pollHoldMs: 50 });
    const agent = await enrolAgent(context);
    const request = create(NextRequestSchema, { pollId: "p", freeSlots: 1 });
    assert.deepEqual(await new Poller(context).next(agent, request, new AbortController().signal), {});
    assert.deepEqual(await new Poller(context).next(agent, request, AbortSignal.abort()), {});
  });
});

suite("the reaper", () => {
  test("returns a grant that nobody received to the queue, and leaves one that was listed", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    await insertWorkflow(context);
    const lost = await takeOne(context, agent);
    const listed = await takeOne(context, agent);
    await markReceived(context.db, agent, [create(HeldLeaseSchema, listed)]);
    await passTime(context, 11);
    await reap(context);
    assert.equal((await readWorkflow(context, lost.workflowId)).state, "queued");
    assert.equal((await readWorkflow(context, listed.workflowId)).state, "leased");
  });

  for (const [policy, expected] of [
    ["requeue", "queued"],
    ["resume", "queued"],
    ["fail", "lost"],
  ] as const) {
    test(`an expired lease with on_agent_lost ${policy} ends ${expected}`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      const { id } = await insertWorkflow(context, { on_agent_lost: policy });
      await startOne(context, agent);
      await passTime(context, 59);
      await reap(context);
      assert.equal((await readWorkflow(context, id)).state, "running");
      await passTime(context, 2);
      await reap(context);
      assert.equal((await readWorkflow(context, id)).state, expected);
    });
  }

  test("ends an expired lease as canceled when a cancel was asked for", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    await startOne(context, agent);
    await context.db
      .updateTable("workflows")
      .set({ cancel_requested_at: sql<Date>`now()` })
      .execute();
    await passTime(context, 61);
    await reap(context);
    assert.equal((await readWorkflow(context, id)).state, "canceled");
  });

  test("ends a grant that was lost as canceled when a cancel was asked for: nobody runs it again", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    await takeOne(context, agent);
    await context.db
      .updateTable("workflows")
      .set({ cancel_requested_at: sql<Date>`now()` })
      .execute();
    await passTime(context, 11);
    await reap(context);
    assert.equal((await readWorkflow(context, id)).state, "canceled");
  });

  test("ends nothing because the servers themselves were away, for however long", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const held = await startOne(context, agent);
    await passTime(context, 100_000, { serversUp: false });
    await reap(context);
    assert.equal((await readWorkflow(context, id)).state, "running");
    const { leases } = await extendLeases(context, agent, { leases: [held] } as never);
    assert.equal(leases?.[0]?.outcome, 1, "a late Extend renews");
  });

  test("ends an overdue workflow as timed out, a third of the TTL after its agent should have", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context, { timeout_ms: 600_000 });
    const held = await startOne(context, agent);
    await passTime(context, 615);
    await extendLeases(context, agent, { leases: [held] } as never);
    await reap(context);
    assert.equal((await readWorkflow(context, id)).state, "running");
    await passTime(context, 10);
    await reap(context);
    const { state, end_reason } = await readWorkflow(context, id);
    assert.deepEqual([state, end_reason], ["timed_out", "workflow_timeout"]);
  });

  test("gives a workflow up that loses its agents again and again", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context, { losses: 4 });
    await startOne(context, agent);
    await passTime(context, 61);
    await reap(context);
    const { state, error } = await readWorkflow(context, id);
    assert.equal(state, "lost");
    assert.match(error, /lost 5 times/);
  });
});

/**
 * Lets `seconds` pass for everything stored: moves every stored moment into the past, by the database's clock. Servers
 * that were up all the time have beaten all the while.
 */
async function passTime(
  { db }: Awaited<ReturnType<typeof testContext>>,
  seconds: number,
  { serversUp = true } = {},
): Promise<void> {
  const back = sql<Date>`- ${seconds} * interval '1 second'`;
  const workflow = ["leased_at", "expires_at", "deadline"] as const;
  for (const column of workflow) {
    await db
      .updateTable("workflows")
      .set({ [column]: sql`${sql.ref(column)} ${back}` })
      .execute();
  }
  await db
    .updateTable("liveness")
    .set({ up_since: serversUp ? sql<Date>`up_since ${back}` : sql<Date>`now()` })
    .execute();
}
