import { create } from "@bufbuild/protobuf";
import {
  DesiredState,
  FieldViolationSchema,
  RegisterAgentRequestSchema,
  ReportHealthRequestSchema,
  WorkKind,
} from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import { type Principal } from "@groundcrew/rpc/server";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { authenticator } from "../tokens/authenticate.ts";
import { testContext } from "../testing/context.ts";
import {
  agentInfo,
  enrolAgent,
  enrolmentToken,
  insertWorkflow,
  readWorkflow,
  startOne,
  takeOne,
} from "../testing/fleet.ts";
import { registerAgent } from "./register.ts";
import type { Caller } from "./caller.ts";
import { HealthDesk } from "./health.ts";
import { unregisterAgent } from "./unregister.ts";

type Info = ReturnType<typeof agentInfo>;

function register(context: ServerContext, principal: Principal, info: Info, held: object[] = []) {
  return registerAgent(context, principal, create(RegisterAgentRequestSchema, { info, protocolVersion: 1, held }));
}

suite("RegisterAgent", () => {
  test("enrols by a token once, and tells a credential that then authenticates", async (t) => {
    const context = await testContext(t);
    const info = agentInfo();
    const { credential, generation, agentId } = await register(context, await enrolmentToken(context), info);
    const headers = new Headers({ authorization: `Bearer ${credential}`, "groundcrew-generation": generation ?? "" });
    const principal = await authenticator(context.db)(headers);
    assert.deepEqual(principal, { kind: "agent", agentId, name: info.name, generation: "1" });
  });

  test("a single-use token enrols no second agent, and no token enrols a name that is taken", async (t) => {
    const context = await testContext(t);
    const token = await enrolmentToken(context);
    const info = agentInfo();
    const { agentId, generation } = await register(context, token, info);
    await health(context, { agentId: agentId ?? "", name: info.name, generation: generation ?? "" });
    assert.equal((await refusal(register(context, token, agentInfo()))).code, Code.Unauthenticated);
    const taken = await refusal(register(context, await enrolmentToken(context), info));
    assert.equal(taken.code, Code.AlreadyExists);
    assert.match(taken.message, /crew agents reset/);
  });

  test("an answer that was lost at the first enrolment is given again to the same token", async (t) => {
    const context = await testContext(t);
    const token = await enrolmentToken(context);
    const info = agentInfo();
    const lost = await register(context, token, info);
    const again = await register(context, token, info);
    assert.equal(again.agentId, lost.agentId);
    assert.notEqual(again.credential, lost.credential);
  });

  test("each registration raises the generation; the superseded process is told so", async (t) => {
    const context = await testContext(t);
    const info = agentInfo();
    const first = await register(context, await enrolmentToken(context), info);
    const principal: Principal = { kind: "agent", agentId: first.agentId ?? "", name: info.name, generation: "" };
    assert.equal((await register(context, principal, info)).generation, "2");
    const headers = new Headers({ authorization: `Bearer ${first.credential}`, "groundcrew-generation": "1" });
    assert.equal((await refusal(authenticator(context.db)(headers))).code, Code.Aborted);
  });

  test("a new process ends the leases it does not list, by policy, and keeps those it lists", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const kept = await insertWorkflow(context, { priority: 3 });
    const failing = await insertWorkflow(context, { priority: 2, on_agent_lost: "fail" });
    const requeued = await insertWorkflow(context, { priority: 1 });
    const held = await startOne(context, agent);
    await startOne(context, agent);
    await startOne(context, agent);
    await register(context, { kind: "agent", ...agent }, agentInfo({ name: agent.name }), [held]);
    assert.equal((await readWorkflow(context, kept.id)).state, "running");
    const lost = await readWorkflow(context, failing.id);
    assert.deepEqual([lost.state, lost.end_reason], ["lost", "agent_restarted"]);
    assert.equal((await readWorkflow(context, requeued.id)).state, "queued");
  });

  const bad: [string, Info | ((info: Info) => void), string][] = [
    ["a name with spaces", (info) => (info.name = "my agent"), "info.name"],
    ["no name", (info) => (info.name = ""), "info.name"],
    ["no capacity", (info) => (info.capacity = 0), "info.capacity"],
    ["a huge capacity", (info) => (info.capacity = 1_000_000), "info.capacity"],
    ["no kind of work", (info) => (info.serves = WorkKind.UNSPECIFIED), "info.serves"],
    [
      "a hundred labels",
      (info) => (info.labels = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [i, ""]))),
      "info.labels",
    ],
    ["a NUL in a label", (info) => (info.labels = { os: "lin\0ux" }), "info.labels.os"],
  ];
  for (const [what, change, field] of bad) {
    test(`refuses ${what}, naming ${field}`, async (t) => {
      const context = await testContext(t);
      const info = agentInfo();
      if (typeof change === "function") change(info);
      const error = await refusal(register(context, await enrolmentToken(context), info));
      assert.equal(error.code, Code.InvalidArgument);
      assert.equal(detailOf(error, FieldViolationSchema)?.field, field);
    });
  }

  test("refuses a protocol that the server does not speak, naming both", async (t) => {
    const context = await testContext(t);
    const request = create(RegisterAgentRequestSchema, { info: agentInfo(), protocolVersion: 99 });
    const error = await refusal(registerAgent(context, await enrolmentToken(context), request));
    assert.equal(error.code, Code.FailedPrecondition);
    assert.match(error.message, /protocol 99, this server 1 to 1/);
  });

  test("agents with the same hardware share a machine, others do not", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context);
    await enrolAgent(context);
    const other = agentInfo();
    other.machine.macs = ["02:00:00:00:00:99"];
    await register(context, await enrolmentToken(context), other);
    assert.equal((await context.db.selectFrom("machines").selectAll().execute()).length, 2);
  });
});

suite("an agent", () => {
  test("hears what the operator wants with its health report", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    assert.equal((await health(context, agent)).desiredState, DesiredState.READY);
    await context.db.updateTable("agents").set({ lifecycle: "draining" }).execute();
    assert.equal((await health(context, agent)).desiredState, DesiredState.DRAINING);
  });

  test("keeps its newest 50 log lines with the server", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (const from of [0, 30])
      await health(context, agent, { recentLog: Array.from({ length: 30 }, (_, i) => `line ${from + i}`) });
    const { recent_log } = await context.db.selectFrom("agents").selectAll().executeTakeFirstOrThrow();
    assert.equal(recent_log.length, 50);
    assert.deepEqual([recent_log[0], recent_log.at(-1)], ["line 10", "line 59"]);
  });

  test("does not leave for good while it holds a lease; afterwards its credential is gone", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    await takeOne(context, agent);
    assert.equal((await refusal(unregisterAgent(context, agent))).code, Code.FailedPrecondition);
    await context.db.updateTable("workflows").set({ state: "succeeded" }).execute();
    await unregisterAgent(context, agent);
    const { credential_hash } = await context.db.selectFrom("agents").selectAll().executeTakeFirstOrThrow();
    assert.equal(credential_hash, null);
  });
});

function health(context: ServerContext, agent: Caller, changes: { recentLog?: string[] } = {}) {
  return new HealthDesk(context, 0).report(agent, create(ReportHealthRequestSchema, changes));
}

async function refusal(work: Promise<unknown>): Promise<ConnectError> {
  const error = await work.then(
    () => assert.fail("it was not refused"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}
