import { timestampMs } from "@bufbuild/protobuf/wkt";
import { BlockReason, EndReason, StepState, WorkflowState, WorkKind } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, logLines, startOne } from "../testing/fleet.ts";
import { submit, submission } from "../testing/pipeline.ts";
import { cancelWorkflow } from "./cancel.ts";
import { readEvents, readPipeline, readWorkflow } from "./read.ts";
import { appendLog, submitPipeline } from "../testing/verbs.ts";

suite("a pipeline that is read", () => {
  test("is shown with its source, its counts and its workflows", async (t) => {
    const context = await testContext(t);
    const source = { repository: "r", commit: "c", branch: "b" };
    const request = submission(
      { a: { labels: { os: "linux" }, matrix: { node: ["24", "26"] } }, z: { after: ["a"] } },
      { source },
    );
    const pipeline = await readPipeline(context.db, await submitPipeline(context, request, "alice"));
    assert.equal(pipeline.name, "p");
    assert.equal(pipeline.submittedBy, "alice");
    assert.equal(pipeline.state, WorkflowState.QUEUED);
    assert.equal(pipeline.source?.branch, "b");
    assert.deepEqual([pipeline.workflowCount, pipeline.endedCount], [3, 0]);
    assert.deepEqual([pipeline.startedAt, pipeline.finishedAt], [undefined, undefined]);
    const [first, , last] = pipeline.workflows;
    assert.equal(first?.name, "a (node=24)");
    assert.equal(first.kind, WorkKind.BUILD);
    assert.deepEqual(first.labels, { os: "linux" });
    assert.deepEqual(first.matrix, { node: "24" });
    assert.deepEqual(last?.dependsOn, ["a (node=24)", "a (node=26)"]);
    assert.equal(last.blockReason, BlockReason.DEPENDENCY);
  });

  test("has each workflow's step runs of every epoch, oldest first", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await submit(context, { a: {} });
    const first = await startOne(context, agent);
    await appendLog(context, agent, logLines(first, 0, 3));
    await done(context, agent, first, { state: WorkflowState.QUEUED, endReason: EndReason.HANDED_BACK });
    const second = await startOne(context, agent);
    await appendLog(context, agent, logLines(second, 0, 1));
    const [workflow] = (await readPipeline(context.db, id)).workflows;
    assert.deepEqual(
      workflow?.stepRuns.map(({ ref, state, lineCount }) => [ref?.epoch, state, lineCount]),
      [
        [first.epoch, StepState.LOST, 3],
        [second.epoch, StepState.PENDING, 1],
      ],
    );
    assert.equal(workflow.attempt, 2);
    assert.equal(workflow.agent, agent.name);
  });

  test("started with its first workflow and finished with its last", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id, ids } = await submit(context, { a: {}, b: {} });
    await done(context, agent, await startOne(context, agent));
    const midway = await readPipeline(context.db, id);
    assert.deepEqual([midway.state, midway.endedCount], [WorkflowState.RUNNING, 1]);
    assert.deepEqual(midway.startedAt, midway.workflows[0]?.startedAt);
    assert.equal(midway.finishedAt, undefined);
    await cancelWorkflow(context, ids["b"] ?? "", "alice");
    const over = await readPipeline(context.db, id);
    assert.deepEqual([over.state, over.endedCount], [WorkflowState.CANCELED, 2]);
    assert.deepEqual(over.finishedAt, over.workflows[1]?.finishedAt);
  });

  test("needs one that exists", async (t) => {
    const { db } = await testContext(t);
    await assert.rejects(readPipeline(db, "99"), { code: Code.NotFound });
  });
});

suite("a workflow that is read", () => {
  test("is shown with why it ended and who asked for that", async (t) => {
    const context = await testContext(t);
    const { ids } = await submit(context, { a: {} });
    await cancelWorkflow(context, ids["a"] ?? "", "alice");
    const workflow = await readWorkflow(context.db, ids["a"] ?? "");
    assert.equal(workflow.state, WorkflowState.CANCELED);
    assert.equal(workflow.endReason, EndReason.CANCELED);
    assert.deepEqual([workflow.cancelRequested, workflow.canceledBy], [true, "alice"]);
    assert.ok(workflow.finishedAt && workflow.createdAt);
    assert.ok(timestampMs(workflow.finishedAt) >= timestampMs(workflow.createdAt));
  });

  test("has its history, oldest first", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await submit(context, { a: {} });
    const lease = await startOne(context, agent);
    await done(context, agent, lease);
    const events = await readEvents(context.db, lease.workflowId);
    const { UNSPECIFIED, QUEUED, LEASED, RUNNING, SUCCEEDED } = WorkflowState;
    assert.deepEqual(
      events.map(({ from, to, actor, epoch }) => [from, to, actor, epoch]),
      [
        [UNSPECIFIED, QUEUED, "alice", "0"],
        [QUEUED, LEASED, agent.name, lease.epoch],
        [LEASED, RUNNING, agent.name, lease.epoch],
        [RUNNING, SUCCEEDED, agent.name, lease.epoch],
      ],
    );
    assert.equal(events.at(-1)?.reason, EndReason.COMPLETED);
  });

  test("needs one that exists", async (t) => {
    const { db } = await testContext(t);
    await assert.rejects(readWorkflow(db, "99"), { code: Code.NotFound });
  });
});
