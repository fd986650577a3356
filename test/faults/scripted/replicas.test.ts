import { EndReason, WorkflowState } from "@groundcrew/proto";
import {
  readLogs,
  startAgent,
  startProxy,
  startReplica,
  startServer,
  submit,
  temporaryFolder,
  untilEnded,
  untilLogged,
  workflowOf,
  type TestServer,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import postgres from "postgres";
import { TALK } from "../../e2e/support/talk.ts";

const FOR_EVER = `workflows: { w: { steps: [{ run: echo started; sleep 600 }] } }`;

/** What a server says when it was elected. */
const ELECTED = "this replica does the maintenance";

async function startTwo(t: TestContext, flags: string[] = []): Promise<[TestServer, TestServer]> {
  const first = await startServer(t, { flags });
  return [first, await startReplica(t, first, { flags })];
}

test("two servers on one database", async (t) => {
  const [first, second] = await startTwo(t, ["--poll-hold", "50s"]);
  await startAgent(t, first);

  await t.test("serve each other's agents: submitted, tailed and canceled on one, run on the other", async () => {
    const submitted = await submit(second, FOR_EVER);
    await untilLogged(second, submitted, "started");
    await second.operator.cancelPipeline({ id: submitted.id });
    const { state, endReason } = workflowOf(await untilEnded(second, submitted.id));
    assert.deepEqual([state, endReason], [WorkflowState.CANCELED, EndReason.CANCELED]);
    assert.equal(workflowOf(await untilEnded(first, submitted.id)).state, WorkflowState.CANCELED);
  });

  await t.test("wake each other: an idle agent hears at once of what another server was given", async () => {
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { id } = await submit(second, `workflows: { w: { steps: [{ run: true }] } }`);
      const { queuedAt, startedAt } = workflowOf(await untilEnded(second, id));
      waits.push(millis(startedAt) - millis(queuedAt));
    }
    t.diagnostic(`from the queue to the start: ${waits.map(Math.round).join(", ")} ms`);
    // Polls alone would take 1.5 s in the middle.
    const middle = waits.toSorted((a, b) => a - b)[2] ?? Infinity;
    assert.ok(middle < 750, `the agent waited for ${waits.join(", ")} ms`);
  });
});

suite("several servers on one database", { concurrency: true }, () => {
  test("go on when one of them is killed: its agents find another, and nothing is lost or run twice", async (t) => {
    const [first, second] = await startTwo(t);
    const proxy = await startProxy(t, first.url);
    await startAgent(t, first, { url: proxy.url });
    const gate = join(await temporaryFolder(t, "gate"), "open");
    const submitted = await submit(first, TALK, { GATE: gate });
    await untilLogged(second, submitted, "line 5");
    await first.kill();
    proxy.retarget(second.url);
    await untilLogged(second, submitted, "line 50");
    await writeFile(gate, "");
    const workflow = workflowOf(await untilEnded(second, submitted.id));
    assert.deepEqual([workflow.state, workflow.attempt, workflow.epoch], [WorkflowState.SUCCEEDED, 1, "1"]);
    const [lines = []] = (await readLogs(second, { workflowId: workflow.id })).values();
    const count = lines.length - 1;
    assert.deepEqual(lines, [...Array.from({ length: count }, (_, index) => `line ${index}`), `last ${count}`]);
  });

  test("do the maintenance on one of them, and on another as soon as that one stops", async (t) => {
    const [first, second] = await startTwo(t);
    const third = await startReplica(t, first);
    await first.process.said(ELECTED);
    await first.stop();
    await Promise.any([second.process.said(ELECTED), third.process.said(ELECTED)]);
  });

  test("act on a lost agent in time, though the one that did the maintenance dies with it", async (t) => {
    const ttlMs = 9_000;
    const [first, second] = await startTwo(t, ["--lease-ttl", `${ttlMs}ms`]);
    await first.process.said(ELECTED);
    const agent = await startAgent(t, second);
    const submitted = await submit(second, FOR_EVER);
    await untilLogged(second, submitted, "started");
    await agent.kill();
    const { id } = workflowOf(submitted);
    const expiresAt = await expiryOf(second, id);
    await first.kill();
    const lost = await untilLost(second, id);
    const lateMs = millis(lost) - expiresAt.getTime();
    assert.ok(lateMs >= 0 && lateMs <= ttlMs / 6, `it was acted on ${lateMs} ms after its lease had run out`);
  });
});

function millis(at: { seconds: bigint; nanos: number } | undefined): number {
  assert.ok(at);
  return Number(at.seconds) * 1_000 + at.nanos / 1e6;
}

async function expiryOf({ databaseUrl }: TestServer, id: string): Promise<Date> {
  const sql = postgres(databaseUrl, { max: 1 });
  const [row] = await sql<{ expires_at: Date }[]>`select expires_at from workflows where id = ${id}`;
  await sql.end();
  assert.ok(row);
  return row.expires_at;
}

/** When the server took a workflow from its lost agent. */
async function untilLost({ operator }: TestServer, id: string) {
  for (;;) {
    const { events } = await operator.getWorkflow({ id });
    const lost = events.find(({ reason }) => reason === EndReason.AGENT_LOST);
    if (lost) return lost.at;
  }
}
