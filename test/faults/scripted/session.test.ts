import { WorkflowState } from "@groundcrew/proto";
import {
  eventually,
  readLogs,
  startAgent,
  startCallProxy,
  startServer,
  submit,
  temporaryFolder,
  untilEnded,
  untilLogged,
  workflowOf,
  type Treatment,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";

const SESSION = "/groundcrew.v1.SessionService/Session";
const DONE = "/groundcrew.v1.PeerService/Done";

/** Writes a line every 5 ms, and ends soon after the gate was opened. */
const TALK = `
  workflows:
    w:
      steps:
        - run: 'i=0; until [ -e "$GATE" ]; do echo "line $i"; i=$((i + 1)); sleep 0.005; done; echo "last $i"'
`;

/** An agent behind a proxy that treats its session so, with a workflow that talks until it is told to finish. */
async function startTalking(t: TestContext, treatment: Treatment = "pass", flags: string[] = []) {
  const server = await startServer(t, { flags });
  const proxy = await startCallProxy(t, server.url);
  proxy.treat(SESSION, treatment);
  const agent = await startAgent(t, server, { url: proxy.url });
  const gate = join(await temporaryFolder(t, "gate"), "open");
  const submitted = await submit(server, TALK, { GATE: gate });
  const said = (line: number) => untilLogged(server, submitted, `line ${line}`);
  await said(20);
  /** Lets the step end and checks that nothing was lost or run twice. */
  const finish = async (): Promise<void> => {
    await writeFile(gate, "");
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.epoch, workflow.attempt], [WorkflowState.SUCCEEDED, "1", 1]);
    const [lines = []] = (await readLogs(server, { workflowId: workflow.id })).values();
    const count = lines.length - 1;
    assert.deepEqual(lines, [...Array.from({ length: count }, (_, index) => `line ${index}`), `last ${count}`]);
  };
  return { server, proxy, agent, said, finish };
}

suite("an agent", { concurrency: true }, () => {
  test("does its work on a session", async (t) => {
    const { proxy, finish } = await startTalking(t);
    await finish();
    assert.deepEqual([proxy.count(SESSION), proxy.count(DONE)], [1, 0]);
  });

  test("whose sessions are refused does its work by calls", async (t) => {
    const { proxy, finish } = await startTalking(t, "refuse");
    await finish();
    assert.ok(proxy.count(SESSION) > 0);
    assert.equal(proxy.count(DONE), 1);
  });

  test("whose session breaks again and again loses nothing, and opens another each time", async (t) => {
    const { proxy, said, finish } = await startTalking(t);
    for (const round of [1, 2, 3]) {
      proxy.break(SESSION);
      await eventually(() => Promise.resolve(proxy.count(SESSION) > round ? true : undefined), {
        what: "another session",
      });
      await said(round * 100);
    }
    await finish();
  });

  test("whose session opens and then goes silent notices it by its own deadlines, and does its work by calls", async (t) => {
    const { proxy, finish } = await startTalking(t, "hold", ["--lease-ttl", "6s"]);
    await finish();
    assert.equal(proxy.count(DONE), 1);
  });

  test("is back on a session when the server was restarted", async (t) => {
    const { server, proxy, said, finish } = await startTalking(t);
    await server.restart();
    await said(100);
    await finish();
    assert.deepEqual([proxy.count(SESSION) > 1, proxy.count(DONE)], [true, 0]);
  });
});
