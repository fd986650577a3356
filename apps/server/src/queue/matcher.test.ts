import { create } from "@bufbuild/protobuf";
import { NextRequestSchema } from "@groundcrew/proto";
import { sql, type Updateable } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import type { Database } from "../db/schema.ts";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, insertWorkflow, poll, readWorkflow } from "../testing/fleet.ts";
import { Poller } from "./next.ts";
import { alone, Held, round, watched } from "./testing/held-polls.ts";

/** Queues workflows at once. Returns their ids. */
function insertAll(context: ServerContext, count: number): Promise<string[]> {
  return context.db.transaction().execute(async (tx) => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await insertWorkflow({ ...context, db: tx }, {})).id);
    return ids;
  });
}

suite("polls that wait", () => {
  test("cost no statements, and one workflow wakes one of them: that of the agent idle longest", async (t) => {
    const context = alone(await testContext(t));
    const agents: Caller[] = [];
    for (let i = 0; i < 20; i++) agents.push(await enrolAgent(context));
    let statements = 0;
    const poller = new Poller(watched(context, () => statements++));
    const polls = agents.map((agent) => new Held(poller, agent));
    await round(context, poller);
    const known = statements;
    for (const agent of agents) polls.push(new Held(poller, agent, { pollId: "another" }));
    await new Held(poller, agents[3] ?? assert.fail(), { pollId: "leaves" }).leave();
    assert.ok(statements - known <= 1, "none of theirs: a look may come at any time");
    const { id } = await insertWorkflow(context);
    context.hints.publish("queue");
    assert.deepEqual(await polls[0]?.grants, [id]);
    assert.ok(statements - known <= 4, "one to look, one to lease, and a look or two that may come at any time");
    assert.equal((await Held.endAll(polls.slice(1))).flat().length, 0);
  });

  test("keep their place in the line when they were answered with nothing and ask again", async (t) => {
    const context = await testContext(t);
    const [first, second] = [await enrolAgent(context), await enrolAgent(context)];
    const poller = new Poller(context);
    const polls = [new Held(poller, first), new Held(poller, second)];
    await round(context, poller);
    assert.deepEqual(await polls[0]?.leave(), []);
    const again = new Held(poller, first, { pollId: "again" });
    const { id } = await insertWorkflow(context);
    context.hints.publish("queue");
    assert.deepEqual(await again.grants, [id]);
    const next = new Held(poller, first, { pollId: "after a grant" });
    const { id: other } = await insertWorkflow(context);
    context.hints.publish("queue");
    assert.deepEqual(await polls[1]?.grants, [other], "who was given work goes to the end of the line");
    assert.deepEqual(await next.leave(), []);
  });

  test("share what there is: one for each before a second for any", async (t) => {
    const context = await testContext(t);
    const agents = [await enrolAgent(context), await enrolAgent(context)];
    const poller = new Poller(context);
    const polls = agents.map((agent) => new Held(poller, agent, { freeSlots: 4 }));
    await round(context, poller);
    const [a, b, c] = await insertAll(context, 3);
    context.hints.publish("queue");
    assert.deepEqual(await Promise.all(polls.map(({ grants }) => grants)), [[a, c], [b]]);
  });

  test("are all served, however many more there are than one statement leases", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { capacity: 1024 });
    const { class_id } = await insertWorkflow(context);
    await sql`
      insert into workflows (kind, name, matrix, depends_on, class_id, plan, timeout_ms, on_agent_lost, state)
      select kind, name, matrix, depends_on, class_id, plan, timeout_ms, on_agent_lost, state
      from workflows, generate_series(1, 599) where class_id = ${class_id}`.execute(context.db);
    const poller = new Poller(context);
    const polls = Array.from({ length: 600 }, (_, index) => new Held(poller, agent, { pollId: `${index}` }));
    const granted = await Promise.all(polls.map(({ grants }) => grants));
    assert.equal(new Set(granted.flat()).size, 600);
  });
});

suite("what changes while a poll waits", () => {
  for (const [what, before, after] of [
    ["its agent is ready again", { lifecycle: "draining" }, { lifecycle: "ready" }],
    ["its agent is granted the work", { grant_owners: ["bob"] }, { grant_owners: ["acme"] }],
  ] satisfies [string, Updateable<Database["agents"]>, Updateable<Database["agents"]>][]) {
    test(`counts when ${what}`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      const { id } = await insertWorkflow(context, { whose: { owner: "acme" } });
      await context.db.updateTable("agents").set(before).execute();
      const poller = new Poller(context);
      const held = new Held(poller, agent);
      await round(context, poller);
      await context.db.updateTable("agents").set(after).where("id", "=", agent.agentId).execute();
      context.hints.publish(`agent:${agent.agentId}`);
      assert.deepEqual(await held.grants, [id]);
    });
  }

  for (const scope of ["queue", "repository", "agent"] as const) {
    test(`counts when the ${scope} is no longer paused`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      const { id } = await insertWorkflow(context, { whose: { repository: "acme/api" } });
      const target = { queue: "", repository: "acme/api", agent: agent.agentId }[scope];
      await context.db.insertInto("pauses").values({ scope, target, paused_by: "alice", reason: "" }).execute();
      const poller = new Poller(context);
      const held = new Held(poller, agent);
      await round(context, poller);
      assert.equal((await readWorkflow(context, id)).state, "queued");
      await context.db.deleteFrom("pauses").execute();
      context.hints.publish("queue");
      assert.deepEqual(await held.grants, [id]);
    });
  }

  test("is found without a hint: a lost one costs seconds, never the work", async (t) => {
    const context = await testContext(t);
    const [agent, other] = [await enrolAgent(context), await enrolAgent(context)];
    const poller = new Poller(alone(context));
    const held = new Held(poller, agent);
    await poll(context, other, { poller });
    const { id } = await insertWorkflow(context);
    assert.deepEqual(await held.grants, [id]);
  });

  test("is found when others held it at first", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const poller = new Poller(context);
    const held = await context.db.transaction().execute(async (tx) => {
      await tx.selectFrom("workflows").select("id").where("id", "=", id).forUpdate().execute();
      const poll = new Held(poller, agent);
      await round(context, poller);
      return poll;
    });
    assert.deepEqual(await held.grants, [id]);
  });

  test("is found though it came in before what was leased already", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const poller = new Poller(context);
    await insertWorkflow(context, { fair_key: "10" });
    assert.equal((await new Held(poller, agent).grants).length, 1);
    const held = new Held(poller, agent, { pollId: "next" });
    const { id } = await insertWorkflow(context, { fair_key: "3" });
    context.hints.publish("queue");
    assert.deepEqual(await held.grants, [id]);
  });
});

suite("several replicas", () => {
  test("lease all there is, each workflow once, and wait for nobody", async (t) => {
    const context = await testContext(t);
    const count = 150;
    for (let i = 0; i < count; i++) await insertWorkflow(context, { wants: { os: i % 2 === 0 ? "linux" : "mac" } });
    const leases: string[] = [];
    const work = async (poller: Poller, labels: Record<string, string>): Promise<void> => {
      const agent = await enrolAgent(context, { labels, capacity: 4 });
      for (let turn = 0; leases.length < count; turn++) {
        const request = create(NextRequestSchema, { pollId: `${turn}`, freeSlots: 4, holdMs: 200 });
        const { grants = [] } = await poller.next(agent, request, new AbortController().signal);
        for (const { workflowId = "", epoch = "" } of grants) {
          leases.push(workflowId);
          await done(context, agent, { workflowId, epoch });
          poller.released(agent, epoch);
        }
      }
    };
    const pollers = Array.from({ length: 3 }, () => new Poller(context));
    await Promise.all(pollers.flatMap((poller) => [work(poller, { os: "linux" }), work(poller, { os: "*" })]));
    assert.equal(leases.length, count);
    assert.equal(new Set(leases).size, count);
  });
});
