import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  EndReason,
  ExtendOutcome,
  LinesMissingSchema,
  StepState,
  WaitOutcome,
  WorkflowState,
  type Grant,
} from "@groundcrew/proto";
import { Code, detailOf } from "@groundcrew/rpc";
import {
  enrolRawAgent,
  eventually,
  readLog,
  startServer,
  submit,
  untilEnded,
  workflowOf,
  type TestServer,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { refusedAs, refusedAsStale, refusedField } from "../../e2e/support/refusal.ts";

/** Workflows that only an agent with this label may take. */
function forOnly(label: string, count = 1): string {
  const workflows = Array.from(
    { length: count },
    (_, n) => `w${n}: { labels: { only: ${label} }, steps: [{ name: s, run: "true" }] }`,
  );
  return `workflows: { ${workflows.join(", ")} }`;
}

/** A raw agent with a workflow of its own, leased to it. */
async function startLeased(t: TestContext, server: TestServer) {
  const label = randomBytes(4).toString("hex");
  const agent = await enrolRawAgent(t, server, { labels: { only: label } });
  const pipeline = await submit(server, forOnly(label));
  const [grant] = (await agent.take()) as [Grant];
  const { workflowId, epoch } = grant;
  const ref = { workflowId, epoch, step: "s", try: 1 };
  return { label, agent, client: agent.client, pipeline, lease: { workflowId, epoch }, ref };
}

const lines = (...texts: string[]) => texts.map((text) => ({ text: Buffer.from(text) }));
const baseTime = timestampFromMs(Date.UTC(2026, 0, 1));
const succeeded = { state: WorkflowState.SUCCEEDED, endReason: EndReason.COMPLETED };

test("leases", { concurrency: true }, async (t) => {
  const server = await startServer(t);

  t.test("a poll that is asked twice has one answer, also when it rode on Done", async (t) => {
    const label = "twice";
    const { client } = await enrolRawAgent(t, server, { labels: { only: label } });
    const pipeline = await submit(server, forOnly(label, 3));
    const first = { pollId: randomUUID(), freeSlots: 1 };
    const [grant] = (await client.next(first)).grants as [Grant];
    assert.deepEqual((await client.next(first)).grants, [grant]);
    const { workflowId, epoch } = grant;
    const next = { pollId: randomUUID(), freeSlots: 2 };
    await client.init({ workflowId, epoch });
    const done = await client.done({ workflowId, epoch, ...succeeded, next });
    assert.equal(done.next?.grants.length, 2);
    // The answer was lost: the agent repeats all of it, or just the poll.
    assert.deepEqual((await client.done({ workflowId, epoch, ...succeeded, next })).next, done.next);
    assert.deepEqual((await client.next(next)).grants, done.next.grants);
    for (const lease of done.next.grants)
      await client.done({ ...succeeded, workflowId: lease.workflowId, epoch: lease.epoch });
    await untilEnded(server, pipeline.id);
  });

  t.test("a grant of which nothing is heard for 10 s is given again; one that is listed as held is not", async (t) => {
    const label = "lost";
    const { client } = await enrolRawAgent(t, server, { labels: { only: label } });
    const pipeline = await submit(server, forOnly(label, 2));
    const { grants } = await client.next({ pollId: randomUUID(), freeSlots: 2 });
    const [lost, held] = grants as [Grant, Grant];
    await client.reportHealth({ held: [{ workflowId: held.workflowId, epoch: held.epoch }] });
    // A later answer than this one means that the lost one is queued again.
    const [again] = await eventually(
      async () => {
        const answer = await client.next({ pollId: randomUUID(), freeSlots: 8 });
        return answer.grants.length > 0 ? (answer.grants as [Grant]) : undefined;
      },
      { what: "the grant is given again" },
    );
    assert.equal(again.workflowId, lost.workflowId);
    assert.ok(BigInt(again.epoch) > BigInt(held.epoch));
    assert.equal(again.attempt, 1, "it never started, so the attempt does not count");
    await refusedAsStale(client.init({ workflowId: lost.workflowId, epoch: lost.epoch }), lost.epoch);
    for (const { workflowId, epoch } of [again, held]) await client.done({ workflowId, epoch, ...succeeded });
    assert.equal((await untilEnded(server, pipeline.id)).state, WorkflowState.SUCCEEDED);
  });

  t.test("an epoch that is over changes nothing, by any call", async (t) => {
    const { agent, client, label, lease: old, ref, pipeline } = await startLeased(t, server);
    await client.init(old);
    await client.done({ ...old, state: WorkflowState.QUEUED, endReason: EndReason.HANDED_BACK });
    const other = await enrolRawAgent(t, server, { labels: { only: label } });
    const [{ workflowId, epoch }] = (await other.take()) as [Grant];
    const lease = { workflowId, epoch };
    await other.client.init(lease);

    const before = (await server.operator.getWorkflow({ id: workflowId })).workflow;
    // Its own old epoch, and the new one that is another agent's.
    for (const stale of [old, lease]) {
      const stepRun = { ...ref, epoch: stale.epoch };
      await refusedAsStale(client.init(stale), stale.epoch);
      await refusedAsStale(client.update({ stepRun, sequence: 9, state: StepState.FAILED }), stale.epoch);
      await refusedAsStale(client.recordSamples({ ...stale, samples: [] }), stale.epoch);
      await refusedAsStale(client.done({ ...stale, ...succeeded }), stale.epoch);
      assert.equal((await client.wait(stale)).outcome, WaitOutcome.LOST);
      const { leases } = await client.extend({ leases: [stale] });
      assert.equal(leases[0]?.outcome, ExtendOutcome.LOST);
    }
    const stolen = { ...ref, epoch };
    await refusedAsStale(client.enqueueLog({ stepRun: stolen, baseTime, entries: lines("forged") }), epoch);
    await refusedAsStale(client.putBlob(blobOf(stolen, "forged")), epoch);
    assert.deepEqual((await server.operator.getWorkflow({ id: workflowId })).workflow, before);

    // Late lines of its own epoch are still taken; they belong to that try and change no state.
    const late = await client.enqueueLog({ stepRun: ref, baseTime, entries: lines("late") });
    assert.equal(late.nextLine, 1);
    await other.client.done({ ...lease, ...succeeded });
    await refusedAsStale(agent.client.done({ ...old, ...succeeded }), old.epoch);
    assert.equal((await untilEnded(server, pipeline.id)).state, WorkflowState.SUCCEEDED);
  });

  t.test("Init and Done may be repeated; the first Done counts", async (t) => {
    const { client, lease, pipeline } = await startLeased(t, server);
    await client.init(lease);
    await client.init(lease);
    const failed = { state: WorkflowState.FAILED, endReason: EndReason.STEP_FAILED, error: "first" };
    assert.equal((await client.done({ ...lease, ...failed })).state, WorkflowState.FAILED);
    assert.equal((await client.done({ ...lease, ...failed })).state, WorkflowState.FAILED);
    assert.equal((await client.done({ ...lease, ...succeeded })).state, WorkflowState.FAILED);
    assert.equal((await client.wait(lease)).outcome, WaitOutcome.ENDED);
    const workflow = workflowOf(await untilEnded(server, pipeline.id));
    assert.deepEqual([workflow.error, workflow.attempt], ["first", 1]);
  });

  t.test("a cancel wins over a Done that comes after it", async (t) => {
    const { client, lease, pipeline } = await startLeased(t, server);
    await client.init(lease);
    const waiting = client.wait(lease);
    await refusedField(
      client.done({ ...lease, state: WorkflowState.CANCELED, endReason: EndReason.CANCELED }),
      "state",
    );
    await server.operator.cancelWorkflow({ id: lease.workflowId });
    assert.deepEqual([(await waiting).outcome, (await waiting).canceledBy], [WaitOutcome.CANCELED, "admin"]);
    const { leases } = await client.extend({ leases: [lease] });
    assert.equal(leases[0]?.outcome, ExtendOutcome.CANCEL_REQUESTED);
    assert.equal((await client.done({ ...lease, ...succeeded })).state, WorkflowState.CANCELED);
    assert.equal((await untilEnded(server, pipeline.id)).state, WorkflowState.CANCELED);
  });

  t.test("lines are stored once and in order, whatever order they come in", async (t) => {
    const { client, lease, ref: stepRun, pipeline } = await startLeased(t, server);
    await client.init(lease);
    const send = async (firstLine: number, ...texts: string[]) =>
      (await client.enqueueLog({ stepRun, firstLine, baseTime, entries: lines(...texts) })).nextLine;
    assert.equal(await send(2, "c"), 0, "a gap is not stored");
    assert.equal(await send(0, "a", "b"), 2);
    assert.equal(await send(0, "a", "b"), 2, "a repetition changes nothing");
    assert.equal(await send(1, "B", "c", "d"), 4, "what is known is trimmed");
    assert.equal(await send(4), 4);
    const name = { step: "s", try: 1, lineCount: 5 };
    const error = await refusedAs(client.done({ ...lease, ...succeeded, lines: [name] }), Code.FailedPrecondition);
    const missing = detailOf(error, LinesMissingSchema);
    assert.deepEqual([missing?.nextLine, missing?.lineCount], [4, 5]);
    assert.equal(await send(4, "e"), 5);
    await client.done({ ...lease, ...succeeded, lines: [name] });
    await untilEnded(server, pipeline.id);
    assert.deepEqual(await readLog(server, { workflowId: lease.workflowId }), ["a", "b", "c", "d", "e"]);
  });

  t.test("lines that the agent lost leave a gap that can be seen", async (t) => {
    const { client, lease, ref: stepRun } = await startLeased(t, server);
    await client.init(lease);
    await client.enqueueLog({ stepRun, baseTime, entries: lines("a") });
    await client.enqueueLog({ stepRun, firstLine: 4, lostBefore: 3, baseTime, entries: lines("e") });
    await client.done({ ...lease, ...succeeded, lines: [{ step: "s", try: 1, lineCount: 7, restLost: true }] });
    const parts = await Array.fromAsync(server.operator.tailLogs({ workflowId: lease.workflowId }));
    assert.deepEqual(
      parts.map(({ firstLine, lostBefore, entries }) => [firstLine, lostBefore, entries.length]),
      [
        [0, 0, 1],
        [4, 3, 1],
        [7, 2, 0],
      ],
    );
  });

  t.test("an older report of a step changes nothing", async (t) => {
    const { client, lease, ref: stepRun } = await startLeased(t, server);
    await client.init(lease);
    await client.update({ stepRun, sequence: 2, state: StepState.FAILED, exitCode: 3 });
    await client.update({ stepRun, sequence: 1, state: StepState.RUNNING });
    await client.update({ stepRun, sequence: 2, state: StepState.SUCCEEDED });
    await client.done({ ...lease, ...succeeded });
    const { workflow } = await server.operator.getWorkflow({ id: lease.workflowId });
    assert.deepEqual(
      workflow?.stepRuns.map(({ state, exitCode }) => [state, exitCode]),
      [[StepState.FAILED, 3]],
    );
  });

  t.test("a file is stored once, is what it says it is, and can be read from anywhere", async (t) => {
    const { client, lease, ref } = await startLeased(t, server);
    await client.init(lease);
    await client.update({ stepRun: ref, sequence: 1, state: StepState.RUNNING });
    const { blob } = await client.putBlob(blobOf(ref, "evidence"));
    assert.deepEqual((await client.putBlob(blobOf(ref, "evidence"))).blob, blob, "again: the same");
    const parts = await Array.fromAsync(client.getBlob({ id: blob?.id ?? "0", offset: "3" }));
    const data = parts.flatMap(({ part }) => (part.case === "data" ? [Buffer.from(part.value)] : []));
    assert.equal(Buffer.concat(data).toString(), "dence");
    const stranger = await enrolRawAgent(t, server);
    await refusedAs(Array.fromAsync(stranger.client.getBlob({ id: blob?.id ?? "0" })), Code.NotFound);
    await refusedAs(client.putBlob(blobOf(ref, "evidence", createHash("sha256").digest())), Code.FailedPrecondition);
    await client.done({ ...lease, ...succeeded });
  });

  t.test("an agent gets no more than its capacity, however much it asks for", async (t) => {
    const { client } = await enrolRawAgent(t, server, { capacity: 2, labels: { only: "greedy" } });
    const pipeline = await submit(server, forOnly("greedy", 5));
    const ask = () => client.next({ pollId: randomUUID(), freeSlots: 1024, holdMs: 200 });
    assert.equal((await ask()).grants.length, 2);
    assert.equal((await ask()).grants.length, 0);
    await server.operator.cancelPipeline({ id: pipeline.id });
    const { pipeline: canceled } = await server.operator.getPipeline({ id: pipeline.id });
    const leases = canceled?.workflows.filter(({ epoch }) => epoch !== "0") ?? [];
    for (const { id: workflowId, epoch } of leases) await client.done({ workflowId, epoch, ...succeeded });
    assert.equal((await untilEnded(server, pipeline.id)).state, WorkflowState.CANCELED);
  });
});

/** A file of these bytes. */
async function* blobOf(
  stepRun: { workflowId: string; epoch: string; step: string; try: number },
  content: string,
  sha256 = createHash("sha256").update(content).digest(),
) {
  const header = {
    stepRun,
    name: "file.txt",
    contentType: "text/plain",
    size: String(content.length),
    sha256,
    offset: "0",
  };
  yield { part: { case: "header" as const, value: header } };
  yield { part: { case: "data" as const, value: Buffer.from(content) } };
}
