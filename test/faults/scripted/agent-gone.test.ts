import { AgentConnection, EndReason, WorkflowState } from "@groundcrew/proto";
import { eventually, startAgent, startServer, submit, untilEnded, untilLogged, workflowOf } from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { test } from "node:test";
import { reasonsOf, twoTries } from "../../e2e/support/two-tries.ts";

test("an agent that is killed for good", { concurrency: true }, async (t) => {
  const server = await startServer(t, { flags: ["--lease-ttl", "3s"] });

  t.test("hands its workflow to another agent when the lease runs out", async (t) => {
    const first = await startAgent(t, server, { labels: { only: "gone" } });
    const submitted = await submit(server, twoTries("gone"));
    await untilLogged(server, submitted, "attempt 1");
    await first.kill();
    const second = await startAgent(t, server, { labels: { only: "gone" } });
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.attempt], [WorkflowState.SUCCEEDED, 2]);
    assert.equal(workflow.agent, second.name);
    const reasons = await reasonsOf(server, workflow.id);
    assert.deepEqual(reasons[3], [WorkflowState.QUEUED, EndReason.AGENT_LOST]);
    await eventually(
      async () => {
        const { agent } = await server.operator.getAgent({ agent: first.name });
        return agent?.connection === AgentConnection.TIMED_OUT || undefined;
      },
      { what: "the lost agent is listed as such" },
    );
  });

  t.test("with a cancel under way ends its workflow canceled, not lost", async (t) => {
    const agent = await startAgent(t, server, { labels: { only: "canceled" } });
    const submitted = await submit(server, twoTries("canceled"));
    await untilLogged(server, submitted, "attempt 1");
    await agent.kill();
    await server.operator.cancelPipeline({ id: submitted.id });
    const { state, endReason } = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([state, endReason], [WorkflowState.CANCELED, EndReason.CANCELED]);
  });
});
