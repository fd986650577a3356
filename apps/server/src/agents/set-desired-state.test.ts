import { create } from "@bufbuild/protobuf";
import {
  AgentConnection,
  DesiredState,
  RegisterAgentRequestSchema,
  ReportHealthRequestSchema,
  WorkflowState,
} from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { agentInfo, done, enrolAgent, enrolmentToken, insertWorkflow, poll, startOne } from "../testing/fleet.ts";
import { authenticator } from "../tokens/authenticate.ts";
import { readEvents, readWorkflow } from "../workflows/read.ts";
import type { Caller } from "./caller.ts";
import { HealthDesk } from "./health.ts";
import { readAgent } from "./read.ts";
import { registerAgent } from "./register.ts";
import { setDesiredState } from "./set-desired-state.ts";

function want(context: ServerContext, { name }: { name: string }, state: DesiredState) {
  return setDesiredState(context, name, state, "alice");
}

async function hears(context: ServerContext, agent: Caller): Promise<DesiredState | undefined> {
  return (await new HealthDesk(context, 0).report(agent, create(ReportHealthRequestSchema))).desiredState;
}

suite("draining an agent", () => {
  test("gives it no more work, lets what it runs go on, and it hears of it", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    await insertWorkflow(context);
    await want(context, agent, DesiredState.DRAINING);
    assert.deepEqual(await poll(context, agent), []);
    assert.equal(await hears(context, agent), DesiredState.DRAINING);
    await done(context, agent, lease);
    assert.equal((await readWorkflow(context.db, lease.workflowId)).state, WorkflowState.SUCCEEDED);
  });

  test("ends when it is to be ready again", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    for (const state of [DesiredState.DRAINING, DesiredState.DRAINING, DesiredState.READY]) {
      await want(context, agent, state);
    }
    assert.equal(await hears(context, agent), DesiredState.READY);
    assert.equal((await poll(context, agent)).length, 1);
  });
});

suite("terminating an agent", () => {
  test("ends its leases by their policy, in the operator's name", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const again = await insertWorkflow(context);
    const never = await insertWorkflow(context, { on_agent_lost: "fail" });
    await startOne(context, agent);
    await startOne(context, agent);
    await want(context, agent, DesiredState.TERMINATED);
    assert.equal((await readWorkflow(context.db, again.id)).state, WorkflowState.QUEUED);
    assert.equal((await readWorkflow(context.db, never.id)).state, WorkflowState.LOST);
    assert.equal((await readEvents(context.db, never.id)).at(-1)?.actor, "alice");
  });

  test("ends its credential: its next call is refused", async (t) => {
    const context = await testContext(t);
    const info = agentInfo();
    const request = create(RegisterAgentRequestSchema, { info, protocolVersion: 1 });
    const { credential } = await registerAgent(context, await enrolmentToken(context), request);
    const authenticate = authenticator(context.db);
    const header = new Headers({ authorization: `Bearer ${credential}` });
    await authenticate(header);
    await want(context, info, DesiredState.TERMINATED);
    await assert.rejects(authenticate(header), { code: Code.Unauthenticated });
    const { connection, desiredState } = await readAgent(context, info.name);
    assert.deepEqual([connection, desiredState], [AgentConnection.DISCONNECTED, DesiredState.TERMINATED]);
  });

  test("is final, until its name is enrolled anew", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await want(context, agent, DesiredState.TERMINATED);
    await want(context, agent, DesiredState.TERMINATED);
    await assert.rejects(want(context, agent, DesiredState.READY), {
      code: Code.FailedPrecondition,
      rawMessage: /is terminated for good; enrol its name anew/,
    });
    const next = await enrolAgent(context, { name: agent.name });
    assert.equal(next.agentId, agent.agentId);
    assert.equal(await hears(context, next), DesiredState.READY);
  });

  test("needs one that exists", async (t) => {
    const context = await testContext(t);
    await assert.rejects(want(context, { name: "nobody" }, DesiredState.READY), { code: Code.NotFound });
  });
});
