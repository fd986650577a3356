import { create } from "@bufbuild/protobuf";
import { EndReason, RegisterAgentRequestSchema, WorkflowState } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { agentInfo, done, enrolAgent, enrolmentToken, poll, startOne, takeOne } from "../testing/fleet.ts";
import { submit } from "../testing/pipeline.ts";
import { readEvents, readWorkflow } from "../workflows/read.ts";
import { registerAgent } from "./register.ts";
import { resetAgent } from "./reset.ts";

suite("resetting an agent", () => {
  test("lets an enrolment token enrol its name anew", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const request = create(RegisterAgentRequestSchema, { info: agentInfo({ name: agent.name }), protocolVersion: 1 });
    const enrol = async () => registerAgent(context, await enrolmentToken(context), request);
    await assert.rejects(enrol(), { code: Code.AlreadyExists });
    await resetAgent(context, agent.name, "alice");
    assert.equal((await enrol()).agentId, agent.agentId);
  });

  test("supersedes its process: it leases no more", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await resetAgent(context, agent.agentId, "alice");
    await submit(context, { a: {} });
    assert.deepEqual(await poll(context, agent), []);
  });

  test("ends its leases by their policy, in the operator's name", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { ids } = await submit(context, {
      again: {},
      never: { onAgentLost: "fail" },
      granted: { onAgentLost: "fail" },
    });
    await startOne(context, agent);
    await startOne(context, agent);
    await takeOne(context, agent);
    await resetAgent(context, agent.name, "alice");
    const read = (name: string) => readWorkflow(context.db, ids[name] ?? "");
    assert.equal((await read("again")).state, WorkflowState.QUEUED);
    assert.equal((await read("granted")).state, WorkflowState.QUEUED);
    const { state, endReason } = await read("never");
    assert.deepEqual([state, endReason], [WorkflowState.LOST, EndReason.AGENT_REMOVED]);
    const event = (await readEvents(context.db, ids["again"] ?? "")).at(-1);
    assert.deepEqual([event?.reason, event?.actor], [EndReason.AGENT_REMOVED, "alice"]);
  });

  test("leaves what others hold and what it held before", async (t) => {
    const context = await testContext(t);
    const [agent, other] = [await enrolAgent(context), await enrolAgent(context)];
    await submit(context, { a: {}, b: {} });
    const ended = await startOne(context, agent);
    await done(context, agent, ended);
    const held = await startOne(context, other);
    await resetAgent(context, agent.name, "alice");
    assert.equal((await readWorkflow(context.db, ended.workflowId)).state, WorkflowState.SUCCEEDED);
    assert.equal((await readWorkflow(context.db, held.workflowId)).state, WorkflowState.RUNNING);
  });

  test("needs one that exists", async (t) => {
    await assert.rejects(resetAgent(await testContext(t), "nobody", "alice"), { code: Code.NotFound });
  });
});
