import { AgentConnection, EndReason, StepState, WorkflowState, WorkKind } from "@groundcrew/proto";
import {
  dialAsAgent,
  processesOf,
  readLogs,
  startAgent,
  startServer,
  submit,
  temporaryFolder,
  untilEnded,
  untilLogged,
  workflowOf,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { reasonsOf, twoTries } from "./support/two-tries.ts";

test("an agent that is killed and comes back", { concurrency: true }, async (t) => {
  const server = await startServer(t);

  t.test("runs its workflow again, once, and leaves nothing of the first try", async (t) => {
    const folder = await temporaryFolder(t, "tree");
    const agent = await startAgent(t, server, { labels: { only: "back" } });
    const submitted = await submit(server, twoTries("back"), { FOLDER: folder });
    await untilLogged(server, submitted, "attempt 1");
    await agent.kill();
    await agent.start();
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.attempt], [WorkflowState.SUCCEEDED, 2]);
    assert.deepEqual(
      workflow.stepRuns.map(({ state }) => state),
      [StepState.LOST, StepState.SUCCEEDED],
    );
    assert.deepEqual(await reasonsOf(server, workflow.id), [
      [WorkflowState.QUEUED, EndReason.UNSPECIFIED],
      [WorkflowState.LEASED, EndReason.UNSPECIFIED],
      [WorkflowState.RUNNING, EndReason.UNSPECIFIED],
      [WorkflowState.QUEUED, EndReason.AGENT_RESTARTED],
      [WorkflowState.LEASED, EndReason.UNSPECIFIED],
      [WorkflowState.RUNNING, EndReason.UNSPECIFIED],
      [WorkflowState.SUCCEEDED, EndReason.COMPLETED],
    ]);
    const logs = await readLogs(server, { workflowId: workflow.id });
    assert.deepEqual([...logs.values()], [["attempt 1"], ["attempt 2", "done"]]);
    assert.deepEqual(await processesOf(folder), []);
  });

  t.test("loses a workflow that must not run twice", async (t) => {
    const agent = await startAgent(t, server, { labels: { only: "fail" } });
    const submitted = await submit(server, twoTries("fail", "on_agent_lost: fail"));
    await untilLogged(server, submitted, "attempt 1");
    await agent.restart();
    const { state, endReason, attempt, error } = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([state, endReason, attempt], [WorkflowState.LOST, EndReason.AGENT_RESTARTED, 1]);
    assert.match(error, /on_agent_lost is fail/);
  });

  t.test("is not the one whose place a newer process took: that one exits 3", async (t) => {
    const agent = await startAgent(t, server, {});
    const identity = await readFile(join(agent.stateDir, "identity.json"), "utf8");
    const { credential } = JSON.parse(identity) as { credential: string };
    const { client } = await dialAsAgent(t, server, credential);
    const info = { name: agent.name, capacity: 1, serves: WorkKind.BUILD, machine: {} };
    const { generation } = await client.registerAgent({ info, protocolVersion: 1 });
    assert.equal(generation, "2");
    assert.equal((await agent.process.ended).exitCode, 3);
    assert.ok(agent.process.lines.some((line) => line.includes("a newer process registered as this agent")));
  });

  t.test("is not one that an operator reset: that one exits 3", async (t) => {
    const agent = await startAgent(t, server, {});
    await server.operator.resetAgent({ agent: agent.name });
    assert.equal((await agent.process.ended).exitCode, 3);
  });
});

test("an agent that is asked to end", { concurrency: true }, async (t) => {
  const server = await startServer(t);

  t.test("takes no more work, finishes what it has, says bye, and exits 0", async (t) => {
    const gate = join(await temporaryFolder(t, "gate"), "open");
    const agent = await startAgent(t, server, { labels: { only: "drained" }, capacity: 1 });
    const content = `
      workflows:
        w: { labels: { only: drained }, steps: [{ run: 'echo started; until [ -e "$GATE" ]; do sleep 0.05; done; echo finished' }] }
    `;
    const first = await submit(server, content, { GATE: gate });
    await untilLogged(server, first, "started");
    const second = await submit(server, content, { GATE: gate });
    const stopped = agent.stop();
    await agent.process.said("draining");
    await writeFile(gate, "");
    assert.deepEqual(await stopped, { exitCode: 0, signal: undefined });
    const workflow = workflowOf(await untilEnded(server, first.id));
    assert.deepEqual([workflow.state, workflow.attempt], [WorkflowState.SUCCEEDED, 1]);
    assert.deepEqual([...(await readLogs(server, { workflowId: workflow.id })).values()], [["started", "finished"]]);
    const { pipeline } = await server.operator.getPipeline({ id: second.id });
    assert.equal(pipeline?.state, WorkflowState.QUEUED, "what it had not taken is still there");
    const { agent: listed } = await server.operator.getAgent({ agent: agent.name });
    assert.equal(listed?.connection, AgentConnection.DISCONNECTED);
  });

  t.test("hands back what does not end in time, and another agent runs it", async (t) => {
    const flags = ["--drain-timeout", "1s"];
    const first = await startAgent(t, server, { labels: { only: "handed" }, flags });
    const submitted = await submit(server, twoTries("handed"));
    await untilLogged(server, submitted, "attempt 1");
    const second = await startAgent(t, server, { labels: { only: "handed" } });
    assert.deepEqual(await first.stop(), { exitCode: 0, signal: undefined });
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.agent], [WorkflowState.SUCCEEDED, second.name]);
    assert.deepEqual((await reasonsOf(server, workflow.id))[3], [WorkflowState.QUEUED, EndReason.HANDED_BACK]);
  });
});
