import { create } from "@bufbuild/protobuf";
import { ListVettingRunsRequestSchema, StepState, Verdict, WorkflowState, type VettingRun } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { done } from "../testing/fleet.ts";
import { operatorClient } from "../testing/operator.ts";
import { cancelWorkflow } from "../workflows/cancel.ts";
import { listVettingRuns, readVetting } from "./read.ts";
import { enrolVettingAgent, GOOD, HeldRun, moveToMachine, PROFILE, start } from "./testing/run.ts";
import { watchVetting } from "./watch.ts";

/** Longer than any test: a watch that hangs fails it. */
const deadline = () => AbortSignal.timeout(20_000);

async function next(watch: AsyncGenerator<VettingRun>): Promise<VettingRun> {
  const { value } = await watch.next();
  assert.ok(value, "the watch ended");
  return value as VettingRun;
}

const isNotFound = (error: unknown) => error instanceof ConnectError && error.code === Code.NotFound;

suite("what people see of vetting runs", () => {
  test("a watch shows each step of a run, and ends with it", async (t) => {
    const context = await testContext(t);
    const agent = await enrolVettingAgent(context, { name: "vet-1" });
    const id = await start(context, "vet-1");
    const watch = watchVetting(context, id, deadline());
    const queued = await next(watch);
    assert.equal(queued.workflow?.state, WorkflowState.QUEUED);
    assert.equal(queued.stage, "inventory");
    assert.equal(queued.verdict, Verdict.UNSPECIFIED);
    assert.equal(queued.stages.length, 10);
    assert.equal(queued.machine?.agents[0], "vet-1");

    const held = await HeldRun.take(context, agent);
    await held.init();
    const seen: VettingRun[] = [];
    const all = (async () => {
      for await (const run of watch) seen.push(run);
    })();
    await held.report("inventory", { ocp: GOOD.inventory });
    await held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    await done(context, agent, held);
    await all;
    const last = seen.at(-1);
    assert.equal(last?.workflow?.state, WorkflowState.SUCCEEDED);
    assert.equal(last.stage, "passed");
    assert.deepEqual(last, await readVetting(context.db, id));
  });

  test("a list is newest first, in pages, and without stages", async (t) => {
    const context = await testContext(t);
    const agents = await Promise.all(["a", "b", "c"].map((name) => enrolVettingAgent(context, { name })));
    const ids: string[] = [];
    for (const agent of agents) {
      await moveToMachine(context, agent, agent.name);
      ids.push(await start(context, agent.name));
    }
    const list = (token: string) =>
      listVettingRuns(context.db, create(ListVettingRunsRequestSchema, { page: { size: 2, token } }));
    const first = await list("");
    const second = await list(first.nextPageToken ?? "");
    assert.deepEqual(
      [...(first.runs ?? []), ...(second.runs ?? [])].map((run) => [run.id, run.machine?.identity?.hostname]),
      [
        [ids[2], "c"],
        [ids[1], "b"],
        [ids[0], "a"],
      ],
    );
    assert.equal(second.nextPageToken, "");
    assert.ok(first.runs?.every((run) => run.stages?.length === 0));
    await assert.rejects(list("nonsense"), /page\.token/);
  });

  test("a client starts a run, and fetches its report once that is ready", async (t) => {
    const context = await testContext(t);
    const { client } = await operatorClient(t, context, "operator");
    const agent = await enrolVettingAgent(context, { name: "vet-1" });
    const request = { target: "vet-1", profileFile: { path: "bench.yaml", content: PROFILE } };
    const { run } = await client.startVetting(request);
    assert.ok(run);
    const fetchReport = async () => {
      const parts = await Array.fromAsync(client.getVettingReport({ id: run.id }));
      return Buffer.concat(parts.map(({ data }) => data)).toString();
    };
    const early = await fetchReport().catch((error: unknown) => error);
    assert.ok(early instanceof ConnectError);
    assert.equal(early.code, Code.FailedPrecondition);
    assert.match(early.message, /it is queued, at stage inventory/);

    const held = await HeldRun.take(context, agent);
    await held.init();
    await held.report("inventory", { ocp: GOOD.inventory });
    await held.report("cpu_stress", { state: StepState.TIMED_OUT });
    await done(context, agent, held);
    assert.match(await fetchReport(), /A required stage could not be judged/);
    const [last] = (await Array.fromAsync(client.watchVettingRun({ id: run.id }))).map((shown) => shown.run);
    assert.deepEqual((await client.getVettingRun({ id: run.id })).run, last);
    assert.equal((await client.listVettingRuns({})).runs[0]?.verdict, Verdict.ERROR);
  });

  test("a run canceled in the queue is shown as canceled", async (t) => {
    const context = await testContext(t);
    await enrolVettingAgent(context, { name: "vet-1" });
    const id = await start(context, "vet-1");
    await cancelWorkflow(context, id, "bob");
    const [shown] = await Array.fromAsync(watchVetting(context, id, deadline()));
    assert.deepEqual([shown?.stage, shown?.verdict], ["canceled", Verdict.CANCELED]);
  });

  test("what does not exist is not found", async (t) => {
    const context = await testContext(t);
    const { client } = await operatorClient(t, context, "operator");
    await assert.rejects(client.getVettingRun({ id: "9" }), isNotFound);
    await assert.rejects(Array.fromAsync(client.watchVettingRun({ id: "9" })), isNotFound);
    await assert.rejects(Array.fromAsync(client.getVettingReport({ id: "9" })), isNotFound);
    await assert.rejects(client.getVettingRun({ id: "-1" }), /\[invalid_argument\] id is "-1"/);
  });
});
