import { create } from "@bufbuild/protobuf";
import {
  EndReason,
  InitRequestSchema,
  LinesMissingSchema,
  StaleEpochSchema,
  StepState,
  UpdateRequestSchema,
  WorkflowState,
} from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { crc32 as crc } from "node:zlib";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, insertWorkflow, logLines, readWorkflow, startOne, takeOne } from "../testing/fleet.ts";
import { appendLog, initWorkflow, updateStepRun } from "../testing/verbs.ts";

const { SUCCEEDED, FAILED, CANCELED, QUEUED, TIMED_OUT, RUNNING } = WorkflowState;

function askCancel({ db }: ServerContext) {
  return db
    .updateTable("workflows")
    .set({ cancel_requested_at: sql<Date>`now()`, canceled_by: "ada" })
    .execute();
}

async function events({ db }: ServerContext, id: string): Promise<string[]> {
  const rows = await db.selectFrom("workflow_events").selectAll().where("workflow_id", "=", id).orderBy("id").execute();
  return rows.map(({ from_state, to_state, reason }) => `${from_state}>${to_state}${reason ? ` ${reason}` : ""}`);
}

suite("Done", () => {
  for (const [state, endReason, stored, reason] of [
    [SUCCEEDED, EndReason.COMPLETED, "succeeded", "completed"],
    [FAILED, EndReason.STEP_FAILED, "failed", "step_failed"],
    [TIMED_OUT, EndReason.STEP_TIMEOUT, "timed_out", "step_timeout"],
  ] as const) {
    test(`ends a workflow ${stored} with the reason ${reason}, once`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      const { id } = await insertWorkflow(context);
      const lease = await startOne(context, agent);
      assert.equal(await done(context, agent, lease, { state, endReason }), stored);
      assert.equal(await done(context, agent, lease, { state, endReason }), stored, "repeating it changes nothing");
      assert.equal((await readWorkflow(context, id)).end_reason, reason);
      assert.deepEqual(await events(context, id), ["queued>leased", "leased>running", `running>${stored} ${reason}`]);
    });
  }

  for (const [what, crc32, error] of [
    ["is what the agent wrote", crc("0\n1\n2\n"), ""],
    ["differs", 1, "the stored log is not what the agent wrote: its checksum differs"],
  ] as const) {
    test(`says of a step run whether its log ${what}`, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      await insertWorkflow(context);
      const lease = await startOne(context, agent);
      await appendLog(context, agent, logLines(lease, 0, 2));
      await appendLog(context, agent, logLines(lease, 1, 2));
      const lines = [{ step: "run", try: 1, lineCount: 3, crc32 }];
      assert.equal(await done(context, agent, lease, { lines }), "succeeded");
      const stepRun = await context.db.selectFrom("step_runs").select("error").executeTakeFirstOrThrow();
      assert.equal(stepRun.error, error);
    });
  }

  test("loses against a cancel that came first, whatever it says", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    await askCancel(context);
    assert.equal(await done(context, agent, lease), "canceled");
  });

  test("is asked for by Init and by Update once somebody canceled", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    await askCancel(context);
    const init = await initWorkflow(context, agent, create(InitRequestSchema, lease));
    const stepRun = { ...lease, step: "run", try: 1 };
    const report = create(UpdateRequestSchema, { stepRun, sequence: 1, state: StepState.RUNNING });
    const update = await updateStepRun(context, agent, report);
    assert.deepEqual([init.action?.case, update.action?.case], ["stop", "stop"]);
  });

  test("wins against a cancel that came later: terminal rows never reopen", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    await done(context, agent, lease);
    await askCancel(context);
    assert.equal(await done(context, agent, lease), "succeeded");
  });

  test("may not claim a cancel that nobody asked for", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const lease = await startOne(context, agent);
    const error = await refusal(done(context, agent, lease, { state: CANCELED, endReason: EndReason.CANCELED }));
    assert.equal(error.code, Code.InvalidArgument);
    assert.equal((await readWorkflow(context, id)).state, "running");
  });

  test("is refused in a state that no agent reports", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    assert.equal((await refusal(done(context, agent, lease, { state: RUNNING }))).code, Code.InvalidArgument);
  });

  test("hands back: what never started is queued again, what ran goes by its policy", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const back = { state: QUEUED, endReason: EndReason.HANDED_BACK };
    await insertWorkflow(context, { on_agent_lost: "fail" });
    assert.equal(await done(context, agent, await takeOne(context, agent), back), "queued");
    assert.equal(await done(context, agent, await startOne(context, agent), back), "lost");
    await insertWorkflow(context, { on_agent_lost: "requeue" });
    assert.equal(await done(context, agent, await startOne(context, agent), back), "queued");
  });

  test("of a stale epoch, or of another's workflow, changes nothing and says so", async (t) => {
    const context = await testContext(t);
    const [agent, liar] = [await enrolAgent(context), await enrolAgent(context)];
    const { id } = await insertWorkflow(context);
    const lease = await startOne(context, agent);
    await done(context, agent, lease, { state: QUEUED, endReason: EndReason.HANDED_BACK });
    const next = await startOne(context, agent);
    for (const [caller, named] of [
      [agent, lease],
      [liar, next],
    ] as const) {
      const error = await refusal(done(context, caller, named));
      assert.equal(error.code, Code.FailedPrecondition);
      assert.equal(detailOf(error, StaleEpochSchema)?.workflowId, id);
    }
    assert.equal((await readWorkflow(context, id)).state, "running");
  });

  test("is refused while lines are missing, and taken once they have come or are declared lost", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    await appendLog(context, agent, logLines(lease, 0, 3));
    const error = await refusal(done(context, agent, lease, { lines: [{ step: "run", try: 1, lineCount: 5 }] }));
    assert.equal(error.code, Code.FailedPrecondition);
    assert.equal(detailOf(error, LinesMissingSchema)?.nextLine, 3);
    const lines = [{ step: "run", try: 1, lineCount: 5, restLost: true }];
    assert.equal(await done(context, agent, lease, { lines }), "succeeded");
    const { lost_before } = await context.db
      .selectFrom("log_chunks")
      .selectAll()
      .where("first_line", "=", "5")
      .executeTakeFirstOrThrow();
    assert.equal(lost_before, "2", "a visible gap is stored");
  });
});

suite("children", () => {
  test("run once all their parents succeeded", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const parents = [await insertWorkflow(context, { name: "a" }), await insertWorkflow(context, { name: "b" })];
    const { id } = await insertWorkflow(context, { name: "c", after: parents });
    await done(context, agent, await startOne(context, agent));
    assert.equal((await readWorkflow(context, id)).state, "blocked");
    await done(context, agent, await startOne(context, agent));
    assert.equal((await readWorkflow(context, id)).state, "queued");
  });

  test("are skipped, with theirs, when a parent did not succeed", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const a = await insertWorkflow(context, { name: "a" });
    const b = await insertWorkflow(context, { name: "b", after: [a] });
    const c = await insertWorkflow(context, { name: "c", after: [a, b] });
    await done(context, agent, await startOne(context, agent), { state: FAILED, endReason: EndReason.STEP_FAILED });
    for (const { id } of [b, c]) {
      const { state, end_reason } = await readWorkflow(context, id);
      assert.deepEqual([state, end_reason], ["skipped", "dependency"]);
      assert.deepEqual(await events(context, id), ["blocked>skipped dependency"]);
    }
  });

  test("of two parents that end at the same moment are decided once", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const parents = [await insertWorkflow(context), await insertWorkflow(context), await insertWorkflow(context)];
    const { id } = await insertWorkflow(context, { after: parents });
    const leases = [await startOne(context, agent), await startOne(context, agent), await startOne(context, agent)];
    await Promise.all(leases.map((lease) => done(context, agent, lease)));
    assert.deepEqual(await events(context, id), ["blocked>queued"]);
  });
});

async function refusal(work: Promise<unknown>): Promise<ConnectError> {
  const error = await work.then(
    () => assert.fail("it was not refused"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}
