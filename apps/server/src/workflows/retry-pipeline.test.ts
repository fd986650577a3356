import { create } from "@bufbuild/protobuf";
import { RetryPipelineRequestSchema, WorkflowState } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { workflowStateName } from "../names.ts";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, startOne } from "../testing/fleet.ts";
import { runNext, submitWith } from "../testing/policies.ts";
import { cancelWorkflow } from "./cancel.ts";
import { readPipeline } from "./read.ts";
import { retryPipeline } from "./retry-pipeline.ts";
import { retryWorkflow } from "./retry.ts";

const DIAMOND = {
  build: {},
  test: { depends_on: "build" },
  lint: { depends_on: "build" },
  deploy: { depends_on: ["test", "lint"] },
};

function retry(context: ServerContext, id: string, changes: object = {}): Promise<string[]> {
  return retryPipeline(context, create(RetryPipelineRequestSchema, { id, ...changes }), "bob");
}

/** The newest workflows of a pipeline, as "name: state". */
async function standOf(context: ServerContext, id: string): Promise<string[]> {
  const { workflows } = await readPipeline(context.db, id);
  const retried = new Set(workflows.map(({ retryOf }) => retryOf));
  return workflows
    .filter((each) => !retried.has(each.id))
    .map(({ name, state }) => `${name}: ${workflowStateName(state)}`);
}

/** What a workflow depends on, by id. */
async function parentsOf({ db }: ServerContext, childId: string): Promise<string[]> {
  const rows = await db.selectFrom("workflow_parents").select("parent_id").where("child_id", "=", childId).execute();
  return rows.map(({ parent_id }) => parent_id);
}

suite("a retry of a pipeline", () => {
  test("of what failed runs that and what was skipped for it, in the plan's order", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitWith(context, DIAMOND);
    await runNext(context, agent);
    await runNext(context, agent, WorkflowState.FAILED);
    await runNext(context, agent);
    assert.equal((await readPipeline(context.db, id)).state, WorkflowState.FAILED);
    const made = await retry(context, id, { failedOnly: true });
    assert.deepEqual((await standOf(context, id)).slice(-2), ["test: queued", "deploy: blocked"]);
    assert.deepEqual([await runNext(context, agent), await runNext(context, agent)], ["test", "deploy"]);
    const pipeline = await readPipeline(context.db, id);
    assert.equal(pipeline.state, WorkflowState.SUCCEEDED);
    assert.deepEqual(
      pipeline.workflows.filter(({ retryOf }) => retryOf !== "0").map((each) => each.id),
      made,
    );
  });

  test("of all runs everything anew, and again after that", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitWith(context, { a: {}, b: { depends_on: "a" } });
    for (let round = 0; round < 3; round++) {
      assert.deepEqual([await runNext(context, agent), await runNext(context, agent)], ["a", "b"]);
      assert.equal((await retry(context, id)).length, 2);
    }
    assert.deepEqual(await standOf(context, id), ["a: queued", "b: blocked"]);
  });

  test("waits for what still runs, and is skipped where that fails", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitWith(context, { a: {}, b: {}, c: { depends_on: ["a", "b"] } });
    await runNext(context, agent, WorkflowState.FAILED);
    await retry(context, id, { failedOnly: true });
    assert.deepEqual(await standOf(context, id), ["b: queued", "a: queued", "c: blocked"]);
    await runNext(context, agent, WorkflowState.FAILED);
    assert.deepEqual(await standOf(context, id), ["b: failed", "a: queued", "c: skipped"]);
  });

  test("never waits for one that ends just then", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    for (let round = 0; round < 3; round++) {
      const id = await submitWith(context, { a: {}, b: {}, c: { depends_on: ["a", "b"] } });
      await runNext(context, agent, WorkflowState.FAILED);
      const lease = await startOne(context, agent);
      await Promise.all([retry(context, id, { failedOnly: true }), done(context, agent, lease)]);
      assert.deepEqual([await runNext(context, agent), await runNext(context, agent)], ["a", "c"]);
    }
  });

  test("counts a workflow that was retried by itself", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitWith(context, { a: {}, b: { depends_on: "a" } });
    await runNext(context, agent, WorkflowState.FAILED);
    const { workflows } = await readPipeline(context.db, id);
    await retryWorkflow(context, workflows[0]?.id ?? "", "bob");
    await runNext(context, agent);
    await assert.rejects(retry(context, id, { failedOnly: true }), /nothing of pipeline \d+ failed/);
    assert.equal((await retry(context, id)).length, 2);
  });

  test("keeps what it depends on, for what that hands on", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitWith(context, { a: {}, b: { depends_on: "a" } });
    await runNext(context, agent);
    await runNext(context, agent, WorkflowState.FAILED);
    const [made] = await retry(context, id, { failedOnly: true });
    const [a] = (await readPipeline(context.db, id)).workflows;
    assert.deepEqual(await parentsOf(context, made ?? ""), [a?.id]);
  });

  test("and one of a workflow alone keep what that depends on as it was retried last", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitWith(context, { a: {}, b: { depends_on: "a" }, c: { depends_on: "b" } });
    await runNext(context, agent, WorkflowState.FAILED);
    const [a, b, c] = (await readPipeline(context.db, id)).workflows.map((each) => each.id);
    const again = await retryWorkflow(context, a ?? "", "bob");
    await runNext(context, agent);
    assert.deepEqual(await parentsOf(context, await retryWorkflow(context, b ?? "", "bob")), [again]);
    assert.deepEqual(await parentsOf(context, await retryWorkflow(context, c ?? "", "bob")), [], "b runs again");
  });

  test("happens once for each key, however often and at once it is asked for", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitWith(context, { a: {} });
    await runNext(context, agent);
    const key = { idempotencyKey: "k" };
    const answers = await Promise.all([retry(context, id, key), retry(context, id, key)]);
    await runNext(context, agent);
    assert.deepEqual(answers, [await retry(context, id, key), answers[0]]);
    assert.notDeepEqual(await retry(context, id, { idempotencyKey: "other" }), answers[0]);
  });

  test("needs its approval again", async (t) => {
    const context = await testContext(t);
    const id = await submitWith(context, { a: {} });
    const changes = { needs_approval: true, approved_by: "carol", approved_at: new Date(), secrets_granted: true };
    const { id: old } = await context.db
      .updateTable("workflows")
      .set(changes)
      .returning("id")
      .executeTakeFirstOrThrow();
    await cancelWorkflow(context, old, "alice");
    await retry(context, id);
    const [made] = (await readPipeline(context.db, id)).workflows.slice(-1);
    assert.partialDeepStrictEqual(made, { needsApproval: true, approvedBy: "", secretsGranted: false, blockReason: 5 });
  });

  test("is refused while something runs, for what is not there, and for a key that is too long", async (t) => {
    const context = await testContext(t);
    const id = await submitWith(context, { a: {} });
    await assert.rejects(retry(context, id), /pipeline \d+ has not ended: workflow \d+ is queued; cancel it/);
    await assert.rejects(retry(context, id, { failedOnly: true }), /there is nothing to retry/);
    await assert.rejects(retry(context, "99"), /pipeline "99" does not exist/);
    await assert.rejects(retry(context, "0"), /id is "0", expected a positive id/);
    await assert.rejects(retry(context, id, { idempotencyKey: "k".repeat(65) }), /idempotency_key is "k+", expected/);
  });
});
