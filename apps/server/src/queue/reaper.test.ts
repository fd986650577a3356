import { create } from "@bufbuild/protobuf";
import { ExtendOutcome, ExtendRequestSchema } from "@groundcrew/proto";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { enrolAgent, insertWorkflow, readWorkflow, startOne, takeOne } from "../testing/fleet.ts";
import { extendLeases } from "../testing/verbs.ts";
import { beat } from "./liveness.ts";
import { endExpiredLeases, endLostGrants, endOverdueSteps, endOverdueWorkflows } from "./reaper.ts";

suite("the reaper", () => {
  test("returns a grant that nobody received to the queue, and leaves one that was listed", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    await insertWorkflow(context);
    const lost = await takeOne(context, agent);
    const listed = await takeOne(context, agent);
    await extend(context, agent, listed);
    await passTime(context, 11);
    await reap(context);
    assert.equal((await readWorkflow(context, lost.workflowId)).state, "queued");
    assert.equal((await readWorkflow(context, listed.workflowId)).state, "leased");
  });

  test("returns a grant that nobody received at once when its agent has said bye", async (t) => {
    const context = await testContext(t);
    const [agent, gone] = [await enrolAgent(context), await enrolAgent(context)];
    await insertWorkflow(context);
    await insertWorkflow(context);
    const [waiting, lost] = [await takeOne(context, agent), await takeOne(context, gone)];
    const disconnected_at = sql<Date>`now()`;
    await context.db.updateTable("agents").set({ disconnected_at }).where("id", "=", gone.agentId).execute();
    await reap(context);
    assert.equal((await readWorkflow(context, lost.workflowId)).state, "queued");
    assert.equal((await readWorkflow(context, waiting.workflowId)).state, "leased");
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
    assert.equal((await readWorkflow(context, id)).state, "running", "before anybody has beaten");
    await beat(context);
    await reap(context);
    assert.equal((await readWorkflow(context, id)).state, "running", "and after it");
    assert.equal(await extend(context, agent, held), ExtendOutcome.RENEWED, "however late it comes");
  });

  test("ends an overdue workflow as timed out, a third of the TTL after its agent should have", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context, { timeout_ms: 600_000 });
    const held = await startOne(context, agent);
    await passTime(context, 615);
    await extend(context, agent, held);
    await reap(context);
    assert.equal((await readWorkflow(context, id)).state, "running");
    await passTime(context, 10);
    await reap(context);
    const { state, end_reason } = await readWorkflow(context, id);
    assert.deepEqual([state, end_reason], ["timed_out", "workflow_timeout"]);
  });

  test("ends a workflow whose step is overdue, whatever else it does, and no earlier", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const held = await startOne(context, agent);
    await context.db
      .insertInto("step_runs")
      .values({ workflow_id: id, epoch: held.epoch, step: "run", try: 1, state: "running", deadline: sql<Date>`now()` })
      .execute();
    const look = async (seconds: number) => {
      await passTime(context, seconds);
      await extend(context, agent, held);
      await reap(context);
      const { state, end_reason } = await readWorkflow(context, id);
      return [state, end_reason];
    };
    await passTime(context, 40);
    await context.db
      .updateTable("step_runs")
      .set({ deadline: sql<Date>`now()` })
      .execute();
    assert.deepEqual(await look(19), ["running", null]);
    assert.deepEqual(await look(2), ["timed_out", "step_timeout"]);
    const { state } = await context.db.selectFrom("step_runs").select("state").executeTakeFirstOrThrow();
    assert.equal(state, "timed_out");
  });

  test("acts once on each lease, though two replicas believe that it is theirs to do", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (let i = 0; i < 5; i++) {
      await insertWorkflow(context);
      await startOne(context, agent);
    }
    await passTime(context, 61);
    const counts = await Promise.all(["a", "b"].map((replica) => endExpiredLeases({ ...context, replica })));
    assert.equal((counts[0] ?? 0) + (counts[1] ?? 0), 5);
    const events = await context.db
      .selectFrom("workflow_events")
      .select("workflow_id")
      .where("reason", "=", "agent_lost")
      .execute();
    assert.equal(new Set(events.map((event) => event.workflow_id)).size, 5);
    assert.equal(events.length, 5);
  });

  test("ends what it can when one workflow cannot be ended", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const [stuck, free] = [await insertWorkflow(context), await insertWorkflow(context)];
    await startOne(context, agent);
    await startOne(context, agent);
    await passTime(context, 61);
    const refuse = `alter table workflow_events add constraint refused check (workflow_id <> ${stuck.id}) not valid`;
    await sql.raw(refuse).execute(context.db);
    t.after(() => sql`alter table workflow_events drop constraint refused`.execute(context.db));
    assert.equal(await endExpiredLeases(context), 1);
    assert.equal((await readWorkflow(context, stuck.id)).state, "running");
    assert.equal((await readWorkflow(context, free.id)).state, "queued");
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

/** One look at all there is. */
async function reap(context: ServerContext): Promise<void> {
  await endExpiredLeases(context);
  await endLostGrants(context);
  await endOverdueWorkflows(context);
  await endOverdueSteps(context);
}

async function extend(context: ServerContext, caller: Caller, lease: { workflowId: string; epoch: string }) {
  const request = create(ExtendRequestSchema, { leases: [lease] });
  return (await extendLeases(context, caller, request)).leases?.[0]?.outcome;
}

/**
 * Lets `seconds` pass for everything stored: moves every stored moment into the past, by the database's clock. Servers
 * that were up all the time have beaten all the while; the others have not beaten since.
 */
async function passTime({ db }: ServerContext, seconds: number, { serversUp = true } = {}): Promise<void> {
  const back = sql<Date>`- ${seconds} * interval '1 second'`;
  const ago = (column: string) => sql<Date>`${sql.ref(column)} ${back}`;
  const moved = { leased_at: ago("leased_at"), expires_at: ago("expires_at"), deadline: ago("deadline") };
  await db.updateTable("workflows").set(moved).execute();
  await db
    .updateTable("step_runs")
    .set({ deadline: ago("deadline") })
    .execute();
  const up = { up_since: ago("up_since"), ...(!serversUp && { alive_at: ago("alive_at") }) };
  await db.updateTable("liveness").set(up).execute();
}
