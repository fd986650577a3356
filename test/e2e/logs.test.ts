import { WorkflowState } from "@groundcrew/proto";
import {
  runCrew,
  startCrew,
  startAgent,
  startServer,
  submit,
  untilEnded,
  untilLogged,
  workflowOf,
  type TestServer,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { suite, test } from "node:test";

const LINES = 20_000;

/** Writes its lines as fast as a shell can, with short rests so that something is left to be interrupted. */
const TALK = `
  workflows:
    w:
      steps:
        - run: |
            i=0
            while [ $i -lt ${LINES} ]; do
              echo "line $i"
              i=$((i + 1))
              [ $((i % 500)) -ne 0 ] || sleep 0.05
            done
`;

const EXPECTED = Array.from({ length: LINES }, (_, index) => `line ${index}`);

async function crewLogs(server: TestServer, pipelineId: string): Promise<string[]> {
  const { exitCode, stdout, stderr } = await runCrew(server, ["pipelines", "logs", pipelineId, "--step", "step 1"]);
  assert.equal(exitCode, 0, stderr);
  assert.ok(stdout.endsWith("\n"));
  return stdout.slice(0, -1).split("\n");
}

suite("20,000 lines", { concurrency: true }, () => {
  test("are exactly what crew prints, then and later, when the server was killed twice while they came", async (t) => {
    const server = await startServer(t);
    await startAgent(t, server);
    const submitted = await submit(server, TALK);
    await untilLogged(server, submitted, "line 0");
    const crew = startCrew(t, server, ["pipelines", "logs", submitted.id, "-f", "--step", "step 1"]);
    for (const line of [1_000, 9_000]) {
      await crew.said(`line ${line}`);
      await server.restart();
    }
    assert.deepEqual(await crew.ended, { exitCode: 0, signal: undefined });
    const followed = crew.lines.filter((line) => !line.startsWith("crew: "));
    assert.deepEqual(followed, EXPECTED);
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.attempt], [WorkflowState.SUCCEEDED, 1]);
    assert.deepEqual(await crewLogs(server, submitted.id), EXPECTED);
  });

  test("are exactly what crew prints when the agent was killed: what the first try wrote, then all of them", async (t) => {
    const server = await startServer(t);
    const agent = await startAgent(t, server);
    const submitted = await submit(server, TALK);
    await untilLogged(server, submitted, "line 5000");
    await agent.restart();
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.attempt], [WorkflowState.SUCCEEDED, 2]);
    // What the killed process had spooled comes from the next one, after the workflow's end if need be.
    await agent.process.said("sent a log that an earlier process left");
    const lines = await crewLogs(server, submitted.id);
    const again = lines.indexOf("--- runs again ---");
    assert.ok(again > 5_000, `the first try wrote ${again} lines`);
    assert.deepEqual(lines.slice(0, again), EXPECTED.slice(0, again));
    assert.deepEqual(lines.slice(again + 1), EXPECTED);
  });
});
