import { EndReason, WorkflowState } from "@groundcrew/proto";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, poll, startOne, takeOne } from "../testing/fleet.ts";
import { runNext, standOf, submitWith, withPolicies } from "../testing/policies.ts";
import { submitPipeline } from "../testing/verbs.ts";
import { cancelPipeline, cancelWorkflow } from "./cancel.ts";
import { admitDelayed, admitToGroups, endQueueTimeouts } from "./due.ts";
import { readPipeline } from "./read.ts";
import { retryWorkflow } from "./retry.ts";

const { FAILED, SUCCEEDED } = WorkflowState;

/** Lets this many seconds pass for everything that waits, and for the servers' uptime. */
async function passTime({ db }: ServerContext, seconds: number): Promise<void> {
  const earlier = (column: string) => sql`${sql.ref(column)} = ${sql.ref(column)} - ${seconds} * interval '1 second'`;
  await sql`update workflows set ${earlier("not_before")}, ${earlier("queue_deadline")}`.execute(db);
  await sql`update liveness set ${earlier("up_since")}`.execute(db);
}

suite("a dependency", () => {
  /** How the parent ends, and what becomes of children on success, on failure and on always. */
  const ends: [string, WorkflowState, string, string, string][] = [
    ["succeeded", SUCCEEDED, "queued", "skipped: dependency", "queued"],
    ["failed", FAILED, "skipped: dependency", "queued", "queued"],
  ];
  for (const [name, state, onSuccess, onFailure, always] of ends) {
    test(`decides its children in the transaction that ends it: ${name}`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      const id = await submitWith(context, {
        parent: {},
        success: { depends_on: "parent" },
        failure: { depends_on: [{ workflow: "parent", on: "failure" }] },
        always: { depends_on: [{ workflow: "parent", on: "always" }] },
        after_skipped: { depends_on: [{ workflow: state === SUCCEEDED ? "failure" : "success", on: "always" }] },
      });
      assert.equal((await standOf(context, id))["always"], "blocked: dependency");
      assert.equal(await runNext(context, agent, state), "parent");
      const { success, failure, always: left, after_skipped } = await standOf(context, id);
      assert.deepEqual([success, failure, left], [onSuccess, onFailure, always]);
      assert.equal(after_skipped, "queued", "a skipped parent has ended, too");
    });
  }

  test("of a canceled pipeline starts nothing, not even what always runs", async (t) => {
    const context = await testContext(t);
    const id = await submitWith(context, { a: {}, b: { depends_on: [{ workflow: "a", on: "always" }] } });
    await cancelPipeline(context, id, "alice");
    assert.deepEqual(await standOf(context, id), { a: "canceled: canceled", b: "canceled: canceled" });
  });
});

suite("a delayed pipeline", () => {
  test("starts nothing before its moment, and then what waits for no other", async (t) => {
    const context = await testContext(t);
    const id = await submitWith(context, { a: {}, b: { depends_on: "a" } }, { delayMs: 60_000 });
    assert.equal(await admitDelayed(context), 0);
    assert.deepEqual(await standOf(context, id), { a: "blocked: delay", b: "blocked: dependency" });
    await passTime(context, 61);
    assert.equal(await admitDelayed(context), 1);
    assert.deepEqual(await standOf(context, id), { a: "queued", b: "blocked: dependency" });
  });

  test("may be canceled while it waits", async (t) => {
    const context = await testContext(t);
    const id = await submitWith(context, { a: {} }, { delayMs: 60_000 });
    await cancelPipeline(context, id, "alice");
    assert.deepEqual(await standOf(context, id), { a: "canceled: canceled" });
  });
});

suite("a concurrency group", () => {
  const deploy = { concurrency: "deploy" };

  test("runs as many at once as its limit, in the order of the queue", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const two = { concurrency: { group: "deploy", limit: 2 } };
    const id = await submitWith(context, { a: two, b: two, c: two, d: { ...two, priority: 1 } });
    const held = await poll(context, agent, { freeSlots: 8 });
    assert.equal(held.length, 2);
    const waiting = Object.entries(await standOf(context, id)).filter(([, state]) => state === "blocked: limit");
    assert.equal(waiting.length, 2);
    const [first] = held;
    assert.ok(first);
    await done(context, agent, first);
    assert.equal((await poll(context, agent, { freeSlots: 8 })).length, 1);
  });

  test("is shared by the pipelines of one repository, and by no other's", async (t) => {
    const context = await testContext(t);
    const of = (repository: string) => submitWith(context, { a: deploy }, { source: { repository } });
    const [first, second, other] = [await of("acme/api"), await of("acme/api"), await of("acme/web")];
    const stands = await Promise.all([first, second, other].map(async (id) => (await standOf(context, id))["a"]));
    assert.deepEqual(stands, ["queued", "blocked: limit", "queued"]);
  });

  test("gives a place free however its holder ends", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const [first, second, third] = [
      await submitWith(context, { a: deploy }),
      await submitWith(context, { a: deploy }),
      await submitWith(context, { a: deploy }),
    ];
    await cancelPipeline(context, first, "alice");
    assert.deepEqual(await standOf(context, second), { a: "queued" });
    await runNext(context, agent, FAILED);
    assert.deepEqual(await standOf(context, third), { a: "queued" });
  });

  test("keeps the place of one that is requeued", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const first = await submitWith(context, { a: deploy });
    const second = await submitWith(context, { a: deploy });
    const lease = await startOne(context, agent);
    await done(context, agent, lease, { state: WorkflowState.QUEUED, endReason: EndReason.HANDED_BACK });
    assert.deepEqual(await standOf(context, first), { a: "queued" });
    assert.deepEqual(await standOf(context, second), { a: "blocked: limit" });
  });

  test("with cancel_previous replaces what waits and stops what runs, and never runs two at once", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const newest = { concurrency: { group: "deploy", when_full: "cancel_previous" } };
    const first = await submitWith(context, { a: newest });
    const lease = await startOne(context, agent);
    const second = await submitWith(context, { a: newest });
    const third = await submitWith(context, { a: newest });
    assert.deepEqual(await standOf(context, second), { a: "canceled: replaced" });
    assert.deepEqual(await standOf(context, first), { a: "running" });
    assert.deepEqual(await standOf(context, third), { a: "blocked: limit" });
    assert.equal(await done(context, agent, lease), "canceled", "it was asked to stop");
    assert.deepEqual(await standOf(context, third), { a: "queued" });
  });

  test("with cancel_previous never cancels members of the same pipeline", async (t) => {
    const context = await testContext(t);
    const newest = { concurrency: { group: "deploy", when_full: "cancel_previous" } };
    const id = await submitWith(context, { a: { ...newest, matrix: { n: ["1", "2"] } } });
    assert.deepEqual(Object.values(await standOf(context, id)).toSorted(), ["blocked: limit", "queued"]);
  });

  test("holds its limit when many come and go at once", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const ids = await Promise.all(Array.from({ length: 12 }, () => submitWith(context, { a: deploy })));
    await Promise.all(ids.slice(0, 4).map((id) => cancelPipeline(context, id, "alice")));
    for (let ran = 0; ran < 8; ran++) {
      const held = await poll(context, agent, { freeSlots: 8 });
      assert.equal(held.length, 1);
      await done(context, agent, held[0] as never);
    }
    const { rows } = await sql<{ state: string }>`select distinct state from workflows order by 1`.execute(context.db);
    assert.deepEqual(
      rows.map(({ state }) => state),
      ["canceled", "succeeded"],
    );
  });

  test("is looked at again by maintenance when a place was left free", async (t) => {
    const context = await testContext(t);
    const id = await submitWith(context, { a: deploy });
    await sql`update workflows set state = 'blocked', block_reason = 'limit'`.execute(context.db);
    await admitToGroups(context);
    assert.deepEqual(await standOf(context, id), { a: "queued" });
  });
});

suite("a retry policy", () => {
  test("tries a failed workflow again after a pause, as often as it says, and then lets it fail", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitWith(context, { a: { retry: { max: 1, backoff: "5s" } }, b: { depends_on: "a" } });
    await runNext(context, agent, FAILED);
    assert.deepEqual(await standOf(context, id), { a: "blocked: delay", b: "blocked: dependency" });
    assert.equal(await admitDelayed(context), 0);
    await passTime(context, 6);
    assert.equal(await admitDelayed(context), 1);
    await runNext(context, agent, FAILED);
    assert.deepEqual(await standOf(context, id), { a: "failed: step_failed", b: "skipped: dependency" });
  });

  test("gives the place in the group free while it pauses", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await submitWith(context, { a: { retry: 1, concurrency: "deploy" } });
    const second = await submitWith(context, { a: { concurrency: "deploy" } });
    await runNext(context, agent, FAILED);
    assert.deepEqual(await standOf(context, second), { a: "queued" });
  });
});

suite("a queue timeout", () => {
  test("ends what no agent took in time, and decides its children", async (t) => {
    const context = await testContext(t);
    const id = await submitWith(context, { a: { queue_timeout: "90s" }, b: { depends_on: "a" } });
    await passTime(context, 89);
    assert.equal(await endQueueTimeouts(context), 0);
    await passTime(context, 2);
    assert.equal(await endQueueTimeouts(context), 1);
    assert.deepEqual(await standOf(context, id), { a: "timed_out: queue_timeout", b: "skipped: dependency" });
  });

  test("leaves what an agent has", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitWith(context, { a: { queue_timeout: "90s" } });
    await takeOne(context, agent);
    await passTime(context, 1_000);
    assert.equal(await endQueueTimeouts(context), 0);
    assert.deepEqual(await standOf(context, id), { a: "leased" });
  });

  test("does not count the time in which no server was there", async (t) => {
    const context = await testContext(t);
    await submitWith(context, { a: { queue_timeout: "90s" } });
    await passTime(context, 1_000);
    await sql`update liveness set up_since = now()`.execute(context.db);
    assert.equal(await endQueueTimeouts(context), 0);
  });
});

suite("an operator's retry", () => {
  test("is a new workflow in the same pipeline, and can be made once", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitWith(context, { a: {}, b: { depends_on: "a" } });
    await runNext(context, agent, FAILED);
    const { id: failed } = await context.db
      .selectFrom("workflows")
      .select("id")
      .where("name", "=", "a")
      .executeTakeFirstOrThrow();
    const retried = await retryWorkflow(context, failed, "bob");
    assert.notEqual(retried, failed);
    const { state } = await context.db
      .selectFrom("workflows")
      .select("state")
      .where("id", "=", retried)
      .executeTakeFirstOrThrow();
    assert.equal(state, "queued");
    await assert.rejects(retryWorkflow(context, failed, "bob"), /retried already/);
    await assert.rejects(retryWorkflow(context, retried, "bob"), /is queued/);
    await assert.rejects(retryWorkflow(context, "999999", "bob"), /does not exist/);
    assert.equal(await runNext(context, agent), "a");
    const { state: pipelineState, workflowCount } = await readPipeline(context.db, id);
    assert.deepEqual(
      [pipelineState, workflowCount],
      [WorkflowState.SKIPPED, 2],
      "the retry counts, not what it retries",
    );
  });
});

suite("fair turns", () => {
  test("let a lone workflow of one owner pass another's backlog", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const of = (owner: string, name: string) =>
      submitWith(context, { [name]: {} }, { source: { repository: `${owner}/r` } });
    for (let i = 0; i < 10; i++) await of("busy", `busy${i}`);
    assert.equal(await runNext(context, agent), "busy0");
    assert.equal(await runNext(context, agent), "busy1");
    await of("lone", "lone");
    const next = [await runNext(context, agent), await runNext(context, agent)];
    assert.ok(next.includes("lone"), `the lone one is among the next two, not ${next.join(", ")}`);
  });

  test("yield to priority", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await submitWith(context, { low: {}, high: { priority: 10 }, lowest: { priority: -1 } });
    const order = [await runNext(context, agent), await runNext(context, agent), await runNext(context, agent)];
    assert.deepEqual(order, ["high", "low", "lowest"]);
  });
});

suite("many at once", () => {
  test("submissions are stored together, each its own; a repeated key answers the first", async (t) => {
    const context = await testContext(t);
    const request = withPolicies({ a: {} }, { idempotencyKey: "k" });
    const ids = await Promise.all(Array.from({ length: 20 }, () => submitPipeline(context, request, "alice")));
    assert.equal(new Set(ids).size, 1);
    const others = await Promise.all(
      Array.from({ length: 20 }, () => submitWith(context, { a: {}, b: { depends_on: "a" } })),
    );
    assert.equal(new Set(others).size, 20);
    for (const id of others) assert.deepEqual(await standOf(context, id), { a: "queued", b: "blocked: dependency" });
  });

  test("cancels and ends of one pipeline never deadlock", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (let round = 0; round < 10; round++) {
      const deploy = { concurrency: `deploy${round % 2}` };
      const id = await submitWith(context, { a: deploy, b: deploy, c: { ...deploy, depends_on: ["a", "b"] } });
      const rows = await context.db.selectFrom("workflows").select("id").where("pipeline_id", "=", id).execute();
      const cancels = rows.map((row) => cancelWorkflow(context, row.id, "alice"));
      await Promise.all([...cancels, runNext(context, agent), cancelPipeline(context, id, "alice")]);
    }
  });
});
