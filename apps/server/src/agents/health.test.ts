import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ReportHealthRequestSchema } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { countStatements } from "../testing/count-statements.ts";
import { enrolAgent, insertWorkflow, readWorkflow, takeOne } from "../testing/fleet.ts";
import type { Caller } from "./caller.ts";
import { HealthDesk } from "./health.ts";

type Report = MessageInitShape<typeof ReportHealthRequestSchema>;

function report(desk: HealthDesk, agent: Caller, changes: Report = {}) {
  return desk.report(agent, create(ReportHealthRequestSchema, changes));
}

function readRow({ db }: ServerContext, { agentId }: Caller) {
  return db.selectFrom("agents").selectAll().where("id", "=", agentId).executeTakeFirstOrThrow();
}

async function enrolSeveral(context: ServerContext, count: number): Promise<Caller[]> {
  const agents: Caller[] = [];
  for (let i = 0; i < count; i++) agents.push(await enrolAgent(context));
  return agents;
}

suite("health reports", () => {
  test("of many agents are noted in one statement, each with its own", async (t) => {
    const context = await testContext(t);
    const agents = await enrolSeveral(context, 20);
    const { db, count } = countStatements(context.db);
    const desk = new HealthDesk({ ...context, db }, 0);
    const answers = await Promise.all(
      agents.map((agent, i) => report(desk, agent, { load1m: i, capabilities: [`c${i}`], recentLog: [`line ${i}`] })),
    );
    assert.equal(answers.length, 20);
    assert.equal(count(), 1);
    for (const [i, agent] of agents.entries()) {
      const { load_1m, capabilities, recent_log, last_seen_at } = await readRow(context, agent);
      assert.deepEqual([load_1m, capabilities, recent_log], [i, [`c${i}`], [`line ${i}`]]);
      assert.ok(last_seen_at);
    }
  });

  test("that list what they hold take one statement more: their grants count as received", async (t) => {
    const context = await testContext(t);
    const agents = await enrolSeveral(context, 3);
    const leases: { workflowId: string; epoch: string }[] = [];
    for (const agent of agents) {
      await insertWorkflow(context);
      leases.push(await takeOne(context, agent));
    }
    const { db, count } = countStatements(context.db);
    const desk = new HealthDesk({ ...context, db }, 0);
    // The last one lists the lease of another.
    const held = [leases[0], leases[1], leases[0]].map((lease) => (lease ? [lease] : []));
    await Promise.all(agents.map((agent, i) => report(desk, agent, { held: held[i] ?? [] })));
    assert.equal(count(), 2);
    const received = leases.map(async ({ workflowId }) => (await readWorkflow(context, workflowId)).received);
    assert.deepEqual(await Promise.all(received), [true, true, false]);
  });

  test("of a superseded process change nothing, and fail nobody else's", async (t) => {
    const context = await testContext(t);
    const [agent, other] = await enrolSeveral(context, 2);
    assert.ok(agent && other);
    const old: Caller = { ...agent, generation: "0" };
    const desk = new HealthDesk(context, 0);
    const reports = [report(desk, old, { load1m: 9 }), report(desk, agent, { load1m: 1 }), report(desk, other)];
    const [refused, ...taken] = await Promise.allSettled(reports);
    assert.ok(refused?.status === "rejected" && refused.reason instanceof ConnectError);
    assert.equal(refused.reason.code, Code.Aborted);
    assert.deepEqual(
      taken.map(({ status }) => status),
      ["fulfilled", "fulfilled"],
    );
    assert.equal((await readRow(context, agent)).load_1m, 1);
  });

  test("that came twice in a batch are one: the last, with the log lines of both", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const desk = new HealthDesk(context, 0);
    await Promise.all([
      report(desk, agent, { load1m: 1, recentLog: ["a"] }),
      report(desk, agent, { load1m: 2, recentLog: ["b"], bye: true }),
    ]);
    const { load_1m, recent_log, disconnected_at } = await readRow(context, agent);
    assert.deepEqual([load_1m, recent_log, disconnected_at !== null], [2, ["a", "b"], true]);
  });

  test("keep what text the database cannot hold from failing them", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await report(new HealthDesk(context, 0), agent, { recentLog: ["a\0b", "lone \ud800", "pair 😀"] });
    assert.deepEqual((await readRow(context, agent)).recent_log, ["ab", "lone \ufffd", "pair 😀"]);
  });

  const held = (workflowId: string) => ({ held: [{ workflowId, epoch: "1" }] });
  const bad: [what: string, changes: Report, field: string][] = [
    ["more free slots than there can be", { freeSlots: 1_025 }, "free_slots"],
    ["no number as its load", { load1m: Number.NaN }, "load_1m"],
    ["a load without end", { load1m: Number.POSITIVE_INFINITY }, "load_1m"],
    ["a hundred capabilities", { capabilities: Array.from({ length: 100 }, String) }, "capabilities"],
    ["a lease of no workflow", held("0"), "held.workflow_id"],
    ["a lease of a negative workflow", held("-5"), "held.workflow_id"],
    ["too many leases", { held: Array.from({ length: 1_025 }, () => ({ workflowId: "1", epoch: "1" })) }, "held"],
    ["too many acknowledgements", { ackedDirectives: Array.from({ length: 1_025 }, () => "1") }, "acked_directives"],
  ];
  for (const [what, changes, field] of bad) {
    test(`are refused with ${what}, naming ${field}`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      const rawMessage = new RegExp(`^${field} is `);
      await assert.rejects(report(new HealthDesk(context, 0), agent, changes), {
        code: Code.InvalidArgument,
        rawMessage,
      });
      assert.equal((await readRow(context, agent)).last_seen_at, null);
    });
  }
});
