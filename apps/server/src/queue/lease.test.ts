import { create } from "@bufbuild/protobuf";
import { RegisterAgentRequestSchema } from "@groundcrew/proto";
import type { Updateable } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { registerAgent } from "../agents/register.ts";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import type { Database } from "../db/schema.ts";
import { testContext } from "../testing/context.ts";
import { agentInfo, done, enrolAgent, insertWorkflow, poll, readWorkflow, startOne } from "../testing/fleet.ts";
import { lease, type LeaseRequest } from "./lease.ts";
import { Poller } from "./next.ts";

suite("a lease", () => {
  test("goes to the highest priority first, then by turns, then to the oldest", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (const [name, priority, turn] of [
      ["late turn", 0, "9"],
      ["old", 0, "5"],
      ["new", 0, "5"],
      ["early turn", 0, "2"],
      ["urgent", 5, "7"],
      ["idle work", -1, "0"],
    ] as const) {
      // Classes of their own: the order is that of all that an agent may take.
      await insertWorkflow(context, { name, priority, fair_key: turn, whose: { repository: name } });
    }
    const grants = await poll(context, agent, { freeSlots: 8 });
    assert.deepEqual(
      grants.map(({ name }) => name),
      ["urgent", "early turn", "old", "new", "late turn", "idle work"],
    );
  });

  test("is never given twice, however many ask at once of however many replicas, and epochs are never reused", async (t) => {
    const context = await testContext(t);
    const agents = await Promise.all(Array.from({ length: 4 }, () => enrolAgent(context)));
    for (let i = 0; i < 20; i++) await insertWorkflow(context);
    const polls = agents.flatMap((agent) => [
      poll(context, agent, { freeSlots: 4 }),
      poll(context, agent, { freeSlots: 4 }),
    ]);
    const grants = (await Promise.all(polls)).flat();
    assert.ok(grants.length > 0);
    assert.equal(new Set(grants.map(({ workflowId }) => workflowId)).size, grants.length);
    assert.equal(new Set(grants.map(({ epoch }) => epoch)).size, grants.length);
  });

  test("is written into the history with its epoch, its agent and the replica that gave it", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const [grant] = await poll(context, agent);
    const events = await context.db
      .selectFrom("workflow_events")
      .select(["workflow_id", "from_state", "to_state", "epoch", "actor", "replica"])
      .execute();
    const leased = { workflow_id: id, from_state: "queued", to_state: "leased" };
    assert.deepEqual(events, [{ ...leased, epoch: grant?.epoch, actor: agent.name, replica: context.replica }]);
    const held = await context.db.selectFrom("leases").select(["epoch", "workflow_id", "agent_id"]).execute();
    assert.deepEqual(held, [{ epoch: grant?.epoch, workflow_id: id, agent_id: agent.agentId }]);
  });

  test("is not given beyond an agent's capacity, whatever it asks for and whichever replica it asks", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { capacity: 2 });
    for (let i = 0; i < 5; i++) await insertWorkflow(context);
    assert.equal((await poll(context, agent, { freeSlots: 1024 })).length, 2);
    assert.equal((await poll(context, agent, { freeSlots: 1024 })).length, 0);
  });

  test("is not given beyond an agent's capacity to polls that are open at once", async (t) => {
    const context = await testContext(t);
    const poller = new Poller(context);
    const agent = await enrolAgent(context, { capacity: 2 });
    for (let i = 0; i < 5; i++) await insertWorkflow(context);
    const polls = Array.from({ length: 4 }, () => poll(context, agent, { freeSlots: 2, poller }));
    assert.equal((await Promise.all(polls)).flat().length, 2);
  });

  for (const told of [true, false]) {
    test(`is given for a slot that is free again, ${told ? "and" : "though"} the matcher was ${told ? "" : "not "}told`, async (t) => {
      const context = await testContext(t);
      const poller = new Poller(context);
      const agent = await enrolAgent(context, { capacity: 1 });
      await insertWorkflow(context);
      await insertWorkflow(context);
      const [grant] = await poll(context, agent, { poller });
      assert.ok(grant);
      assert.equal((await poll(context, agent, { poller })).length, 0);
      await done(context, agent, grant);
      if (told) poller.released(agent, grant.epoch);
      assert.equal((await poll(context, agent, { poller })).length, 1);
    });
  }

  test("is given with as many others as fit into one answer", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (let i = 0; i < 5; i++) await insertWorkflow(context, { run: "#".repeat(1_500_000) });
    assert.equal((await poll(context, agent, { freeSlots: 8 })).length, 3);
    assert.equal((await poll(context, agent, { freeSlots: 8 })).length, 2);
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

  test("is not given to an agent that drains", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    await context.db.updateTable("agents").set({ lifecycle: "draining" }).execute();
    assert.equal((await poll(context, agent)).length, 0);
  });

  test("that was handed back is given again", async (t) => {
    const context = await testContext(t);
    const poller = new Poller(context);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const [first] = await poll(context, agent, { poller });
    await context.db.updateTable("workflows").set({ state: "queued", agent_id: null }).execute();
    context.hints.publish("queue");
    const [second] = await poll(context, agent, { poller });
    assert.equal(second?.workflowId, id);
    assert.notEqual(second?.epoch, first?.epoch);
  });
});

suite("the statement that leases", () => {
  /** Leases for one agent from all lanes, as if the matcher had found that it matches. */
  async function leaseAll(context: ServerContext, agent: Caller) {
    const classes = await context.db.selectFrom("label_classes").select("id").orderBy("id").execute();
    const lanes = classes.map(({ id }) => ({ classId: id, priority: 0, fairKey: "0", id: "0" }));
    const takers = [{ ...agent, pollId: "p" }];
    const request: LeaseRequest = { takers, slots: [0, 0], lanes, leaseTtlMs: 60_000, replica: "test" };
    return lease(context.db, request);
  }

  for (const [what, change] of [
    ["was superseded", { generation: "7" }],
    ["drains", { lifecycle: "draining" }],
    ["is not granted the owner", { grant_owners: ["bob"] }],
    ["is not granted the repository", { grant_repositories: ["acme/web"] }],
  ] satisfies [string, Updateable<Database["agents"]>][]) {
    test(`refuses an agent that ${what}, whatever the matcher believes`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      await insertWorkflow(context, { whose: { owner: "acme", repository: "acme/api" } });
      await context.db.updateTable("agents").set(change).execute();
      const { leased, refused } = await leaseAll(context, agent);
      assert.deepEqual([leased, refused], [[], [0]]);
    });
  }

  test("refuses an agent the work of strangers, unless it is granted and isolates its steps", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context, { whose: { trusted: false } });
    assert.deepEqual((await leaseAll(context, agent)).refused, [0]);
    await context.db.updateTable("agents").set({ grant_untrusted: true, backend: "local" }).execute();
    assert.deepEqual((await leaseAll(context, agent)).refused, [0]);
    await context.db.updateTable("agents").set({ backend: "sandbox" }).execute();
    const { leased } = await leaseAll(context, agent);
    assert.deepEqual(
      leased.map(({ untrusted }) => untrusted),
      [true],
    );
  });

  test("refuses an agent while it or the queue is paused, and leaves out a paused repository", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    await insertWorkflow(context, { whose: { repository: "acme/api" } });
    const pause = { paused_by: "alice", reason: "" };
    for (const where of [
      { scope: "queue", target: "" },
      { scope: "agent", target: agent.agentId },
    ] as const) {
      await context.db
        .insertInto("pauses")
        .values({ ...pause, ...where })
        .execute();
      assert.deepEqual((await leaseAll(context, agent)).refused, [0]);
      await context.db.deleteFrom("pauses").execute();
    }
    await context.db
      .insertInto("pauses")
      .values({ ...pause, scope: "repository", target: "acme/api" })
      .execute();
    const { leased } = await leaseAll(context, agent);
    assert.deepEqual(
      leased.map((row) => row.id),
      [id],
    );
  });

  test("gives what it refused to one agent to the next, in order", async (t) => {
    const context = await testContext(t);
    const [gone, here] = [await enrolAgent(context), await enrolAgent(context)];
    const { id } = await insertWorkflow(context);
    const { id: second } = await insertWorkflow(context);
    const takers = [
      { ...gone, generation: "9", pollId: "p" },
      { ...here, pollId: "q" },
    ];
    const lanes = [{ classId: (await readWorkflow(context, id)).class_id, priority: 0, fairKey: "0", id: "0" }];
    const request = { takers, slots: [0, 1, 0, 1], lanes, leaseTtlMs: 60_000, replica: "test" };
    const { leased, refused, slots, found } = await lease(context.db, request);
    assert.deepEqual(
      leased.map((row) => [row.id, row.taker]),
      [
        [id, 1],
        [second, 1],
      ],
    );
    assert.deepEqual([refused, slots, found], [[0], 2, 2]);
  });

  test("waits for no row that another transaction holds, and says that there was more", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id: held } = await insertWorkflow(context);
    const { id: free } = await insertWorkflow(context);
    const { leased, found } = await context.db.transaction().execute(async (tx) => {
      await tx.selectFrom("workflows").select("id").where("id", "=", held).forUpdate().execute();
      return leaseAll(context, agent);
    });
    assert.deepEqual(
      leased.map(({ id }) => id),
      [free],
    );
    assert.equal(found, 2);
  });

  test("takes nothing that ended meanwhile", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const lease1 = await insertWorkflow(context).then(() => startOne(context, agent));
    await done(context, agent, lease1);
    assert.deepEqual((await leaseAll(context, agent)).leased, []);
  });
});
