import { EndReason, WorkflowState } from "@groundcrew/proto";
import {
  processesOf,
  readLogs,
  startAgent,
  startProxy,
  startServer,
  submit,
  temporaryFolder,
  untilEnded,
  untilLogged,
  watchUntil,
  workflowOf,
  eventually,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";

suite("a network that breaks", { concurrency: true }, () => {
  test("and loses the answer to Next loses no workflow: the poll is repeated and has the same answer", async (t) => {
    const server = await startServer(t);
    const proxy = await startProxy(t, server.url);
    await startAgent(t, server, { url: proxy.url });
    void proxy.stall("answers");
    const submitted = await submit(server, `workflows: { w: { steps: [{ run: echo once }] } }`);
    await watchUntil(server, submitted.id, (now) => workflowOf(now).state === WorkflowState.LEASED);
    proxy.cut();
    proxy.pass();
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.epoch, workflow.attempt], [WorkflowState.SUCCEEDED, "1", 1]);
    const { events } = await server.operator.getWorkflow({ id: workflow.id });
    assert.equal(events.length, 4, "queued, leased, running, succeeded");
  });

  test("again and again, in each direction, loses no line and repeats none", async (t) => {
    const server = await startServer(t);
    const proxy = await startProxy(t, server.url);
    await startAgent(t, server, { url: proxy.url });
    const gate = join(await temporaryFolder(t, "gate"), "open");
    const submitted = await submit(
      server,
      `
      workflows:
        w:
          steps:
            - run: 'i=0; until [ -e "$GATE" ]; do echo "line $i"; i=$((i + 1)); sleep 0.005; done; echo "last $i"'
      `,
      { GATE: gate },
    );
    for (const [round, direction] of (["answers", "questions", "answers"] as const).entries()) {
      await untilLogged(server, submitted, `line ${round * 100 + 20}`);
      // What is sent now is held back, and then lost with the connection.
      await proxy.stall(direction);
      proxy.cut();
      proxy.pass();
    }
    await untilLogged(server, submitted, "line 320");
    await writeFile(gate, "");
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.epoch], [WorkflowState.SUCCEEDED, "1"]);
    const [lines = []] = (await readLogs(server, { workflowId: workflow.id })).values();
    const count = lines.length - 1;
    assert.deepEqual(lines, [...Array.from({ length: count }, (_, index) => `line ${index}`), `last ${count}`]);
  });

  test("for longer than a lease fences what the cut-off agent still says, and it ends what it still runs", async (t) => {
    const folder = await temporaryFolder(t, "tree");
    const server = await startServer(t, { flags: ["--lease-ttl", "3s"] });
    const proxy = await startProxy(t, server.url);
    const first = await startAgent(t, server, { url: proxy.url, capacity: 1 });
    const submitted = await submit(
      server,
      `workflows: { w: { steps: [{ run: 'echo "by $GROUNDCREW_AGENT"; [ $GROUNDCREW_ATTEMPT = 2 ] || sleep 600' }] } }`,
      { FOLDER: folder },
    );
    await untilLogged(server, submitted, `by ${first.name}`);
    proxy.refuse();
    const second = await startAgent(t, server, { capacity: 1 });
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.agent], [WorkflowState.SUCCEEDED, second.name]);
    const { events } = await server.operator.getWorkflow({ id: workflow.id });
    assert.deepEqual(
      events.filter(({ reason }) => reason !== EndReason.UNSPECIFIED).map(({ reason }) => reason),
      [EndReason.AGENT_LOST, EndReason.COMPLETED],
    );
    assert.notDeepEqual(await processesOf(folder), [], "lost contact alone stops no step");
    proxy.pass();
    await eventually(async () => ((await processesOf(folder)).length === 0 ? true : undefined), {
      what: "the agent hears of its loss and ends the step",
    });
    await first.process.said("the lease was lost; the workflow is discarded");
  });
});
