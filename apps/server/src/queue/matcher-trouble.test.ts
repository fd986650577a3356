import { create } from "@bufbuild/protobuf";
import { NextRequestSchema, ReportHealthRequestSchema } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { eventually } from "@groundcrew/testkit";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { pino } from "pino";
import type { Caller } from "../agents/caller.ts";
import { HealthDesk } from "../agents/health.ts";
import { takeBye } from "../agents/take-bye.ts";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { enrolAgent, insertWorkflow, readWorkflow, takeOne } from "../testing/fleet.ts";
import type { LeaseName } from "../workflows/stale.ts";
import { Poller } from "./next.ts";
import { Held, round, watched } from "./testing/held-polls.ts";

suite("a caller that leaves", () => {
  test("before the statement was sent is given nothing", async (t) => {
    const context = await testContext(t);
    const [gone, here] = [await enrolAgent(context), await enrolAgent(context)];
    const poller = new Poller(context);
    const polls = [new Held(poller, gone), new Held(poller, here)];
    await round(context, poller);
    const { id } = await insertWorkflow(context);
    context.hints.publish("queue");
    assert.deepEqual(await polls[0]?.leave(), []);
    assert.deepEqual(await polls[1]?.grants, [id]);
  });

  test("after it was sent still hears what it was given, and so does whoever asks again", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const poller = new Poller(context);
    const held = await whileLeasesBlock(context, async () => {
      const poll = new Held(poller, agent);
      await blocked(context);
      void poll.leave();
      return poll;
    });
    assert.deepEqual(await held.grants, [id]);
    assert.deepEqual(await new Held(poller, agent).grants, [id]);
    assert.equal((await readWorkflow(context, id)).state, "leased");
  });

  test("and asks again under the same poll_id while the statement runs gets the one answer", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const ids = [(await insertWorkflow(context)).id, (await insertWorkflow(context)).id];
    const poller = new Poller(context);
    const polls = await whileLeasesBlock(context, async () => {
      const first = new Held(poller, agent);
      await blocked(context);
      void first.leave();
      return [first, new Held(poller, agent)];
    });
    const granted = await Promise.all(polls.map(({ grants }) => grants));
    assert.deepEqual(granted, [[ids[0]], [ids[0]]]);
  });
});

suite("an agent that says bye", () => {
  test("hands back what it was granted while it left, and is granted nothing more", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const [granted, waiting] = [(await insertWorkflow(context)).id, (await insertWorkflow(context)).id];
    const poller = new Poller(context);
    const { poll, bye } = await whileLeasesBlock(context, async () => {
      const poll = new Held(poller, agent);
      await blocked(context);
      return { poll, bye: sayBye(context, poller, agent) };
    });
    await bye;
    assert.deepEqual(await poll.grants, [granted], "the statement was sent before");
    for (const id of [granted, waiting]) assert.equal((await readWorkflow(context, id)).state, "queued");
  });

  test("keeps what it lists, and a superseded process hands back nothing", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const { workflowId, epoch } = await takeOne(context, agent);
    const poller = new Poller(context);
    await sayBye(context, poller, agent, [{ workflowId, epoch }]);
    await assert.rejects(sayBye(context, poller, { ...agent, generation: "0" }), { code: Code.Aborted });
    assert.equal((await readWorkflow(context, workflowId)).state, "leased");
  });
});

function sayBye(context: ServerContext, poller: Poller, agent: Caller, held: LeaseName[] = []) {
  const request = create(ReportHealthRequestSchema, { bye: true, held });
  return takeBye({ context, poller, health: new HealthDesk(context, 0) }, agent, request);
}

/** Keeps every lease from being written until `work` is done. */
function whileLeasesBlock<T>(context: ServerContext, work: () => Promise<T>): Promise<T> {
  return context.db.transaction().execute(async (tx) => {
    await sql`lock table leases in access exclusive mode`.execute(tx);
    return work();
  });
}

/** Returns when a statement waits for that. */
async function blocked({ db }: ServerContext): Promise<void> {
  const look = async (): Promise<true | undefined> => {
    const { rows } = await sql`
      select from pg_locks where not granted and relation = 'leases'::regclass
        and database = (select oid from pg_database where datname = current_database())`.execute(db);
    return rows.length > 0 ? true : undefined;
  };
  await eventually(look, { what: "a lease waits for its table" });
}

suite("when the database cannot be asked", () => {
  test("held polls stay and are served when it can, and it is logged once", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const lines: string[] = [];
    const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
    let failuresLeft = 3;
    const failing = watched({ ...context, log }, () => {
      if (failuresLeft-- > 0) throw new Error("the database is away");
    });
    assert.deepEqual(await new Held(new Poller(failing), agent).grants, [id]);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /could not lease work; will try again/);
  });

  test("polls that do not wait are refused", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const failing = watched(context, () => {
      throw new ConnectError("the database is away", Code.Unavailable);
    });
    const request = create(NextRequestSchema, { pollId: "p", freeSlots: 1 });
    await assert.rejects(new Poller(failing).nextNow(agent, request), /the database is away/);
  });

  test("a poll that may have been granted something is never told that it was not", async (t) => {
    const context = await testContext(t, { pollHoldMs: 50 });
    const agent = await enrolAgent(context);
    const failing = watched(context, () => {
      throw new Error("the database is away");
    });
    const request = create(NextRequestSchema, { pollId: "p", freeSlots: 1, again: true });
    await assert.rejects(
      new Poller(failing).next(agent, request, new AbortController().signal),
      (error: ConnectError) => error.code === Code.Unavailable && /ask again/.test(error.message),
    );
  });
});
