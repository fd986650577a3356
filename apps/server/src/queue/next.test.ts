import { create } from "@bufbuild/protobuf";
import { NextRequestSchema } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, insertWorkflow, poll } from "../testing/fleet.ts";
import { Poller } from "./next.ts";

suite("a poll that is asked again", () => {
  for (const where of ["the replica that answered it", "another replica"] as const) {
    test(`is told again what it was granted, by ${where}: a lost answer loses nothing`, async (t) => {
      const context = await testContext(t);
      const poller = new Poller(context);
      const agent = await enrolAgent(context);
      for (let i = 0; i < 3; i++) await insertWorkflow(context);
      const first = await poll(context, agent, { pollId: "p", poller, freeSlots: 2 });
      assert.equal(first.length, 2);
      const asked = where === "another replica" ? { again: true } : { poller };
      assert.deepEqual(await poll(context, agent, { pollId: "p", freeSlots: 2, ...asked }), first);
      assert.notDeepEqual(await poll(context, agent, { pollId: "q", poller }), first);
    });
  }

  test("is granted anew what it no longer holds", async (t) => {
    const context = await testContext(t);
    const poller = new Poller(context);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const [first] = await poll(context, agent, { pollId: "p", poller });
    assert.ok(first);
    await done(context, agent, first);
    const { id } = await insertWorkflow(context);
    context.hints.publish("queue");
    const [second] = await poll(context, agent, { pollId: "p", poller, again: true });
    assert.equal(second?.workflowId, id);
  });

  test("while it is still open gets the same answer, leased once", async (t) => {
    const context = await testContext(t);
    const poller = new Poller(context);
    const agent = await enrolAgent(context);
    for (let i = 0; i < 5; i++) await insertWorkflow(context);
    const answers = await Promise.all(Array.from({ length: 4 }, () => poll(context, agent, { pollId: "p", poller })));
    assert.equal(answers[0]?.length, 1);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
  });

  test("by another agent is another poll", async (t) => {
    const context = await testContext(t);
    const poller = new Poller(context);
    const [one, other] = [await enrolAgent(context), await enrolAgent(context)];
    await insertWorkflow(context);
    const [grant] = await poll(context, one, { pollId: "p", poller });
    assert.ok(grant);
    assert.deepEqual(await poll(context, other, { pollId: "p", poller, again: true }), []);
  });
});

suite("a held poll", () => {
  test("is woken the moment work is there", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const request = create(NextRequestSchema, { pollId: "p", freeSlots: 1 });
    const held = new Poller(context).next(agent, request, new AbortController().signal);
    const { id } = await insertWorkflow(context);
    context.hints.publish("queue");
    assert.equal((await held).grants?.[0]?.workflowId, id);
  });

  test("is answered with nothing when its hold is over, and when its caller leaves", async (t) => {
    const context = await testContext(t, { pollHoldMs: 50 });
    const agent = await enrolAgent(context);
    const request = create(NextRequestSchema, { pollId: "p", freeSlots: 1 });
    assert.deepEqual(await new Poller(context).next(agent, request, new AbortController().signal), {});
    assert.deepEqual(await new Poller(context).next(agent, request, AbortSignal.abort()), {});
  });
});
