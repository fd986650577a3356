import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { FieldViolationSchema, PipelineProblemsSchema, WorkKind } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import { unregisterAgent } from "../agents/unregister.ts";
import { testContext } from "../testing/context.ts";
import { enrolAgent, poll, readWorkflow } from "../testing/fleet.ts";
import { cancelWorkflow } from "../workflows/cancel.ts";
import { enrolVettingAgent, moveToMachine, PROFILE, start } from "./testing/run.ts";

/** A server with a vetting agent on each of three machines, two of which share a host name. */
async function fleet(t: TestContext) {
  const context = await testContext(t);
  const enrol = async (name: string, hostname: string) => {
    const agent = await enrolVettingAgent(context, { name });
    return { agent, machineId: await moveToMachine(context, agent, hostname) };
  };
  const one = await enrol("vet-1", "node-1");
  const [left, right] = [await enrol("vet-left", "twin"), await enrol("vet-right", "twin")];
  return { context, one, left, right };
}

async function refusal(call: Promise<unknown>, code: Code): Promise<ConnectError> {
  const error: unknown = await call.then(
    () => new Error("it was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

suite("starting a vetting run", () => {
  test("queues work that only a vetting agent on that machine is given", async (t) => {
    const { context, one, left } = await fleet(t);
    const builder = await enrolAgent(context);
    await context.db
      .updateTable("agents")
      .set({ machine_id: one.machineId })
      .where("id", "=", builder.agentId)
      .execute();
    const id = await start(context, "node-1", { profile: "demo" });

    assert.deepEqual(await poll(context, left.agent), []);
    assert.deepEqual(await poll(context, builder), []);
    const [grant] = await poll(context, one.agent);
    assert.equal(grant?.workflowId, id);
    assert.equal(grant.plan.case === "vetting" && grant.plan.value.machineId, one.machineId);
    assert.equal(grant.plan.case === "vetting" && grant.plan.value.profile, "demo");

    const row = await readWorkflow(context, id);
    assert.equal(row.on_agent_lost, "resume");
    // The demo's stages may take 30 s and 60 s; ten minutes are for everything around them.
    assert.equal(row.timeout_ms, 90_000 + 600_000);
    const all = context.db.selectFrom("workflow_events").selectAll().where("workflow_id", "=", id);
    const events = await all.orderBy("id").execute();
    assert.deepEqual(
      events.map(({ from_state, to_state, actor }) => [from_state, to_state, actor]),
      [
        [null, "queued", "alice"],
        ["queued", "leased", "vet-1"],
      ],
    );
  });

  test("finds the machine by its id, serial or host name, and by a vetting agent's id or name", async (t) => {
    const { context, one } = await fleet(t);
    for (const target of [one.machineId, "SN-node-1", "node-1", one.agent.agentId, "vet-1"]) {
      const id = await start(context, target);
      const { machine_id } = await context.db
        .selectFrom("vetting_runs")
        .select("machine_id")
        .where("workflow_id", "=", id)
        .executeTakeFirstOrThrow();
      assert.equal(machine_id, one.machineId, target);
      await cancelWorkflow(context, id, "alice");
    }
  });

  test("asks which machine is meant when several share a name", async (t) => {
    const { context, left, right } = await fleet(t);
    const error = await refusal(start(context, "twin"), Code.InvalidArgument);
    assert.equal(detailOf(error, FieldViolationSchema)?.field, "target");
    for (const id of [left.machineId, right.machineId]) assert.match(error.message, new RegExp(id));
  });

  test("says how to enrol a vetting agent where there is none", async (t) => {
    const { context, one } = await fleet(t);
    const unknown = await refusal(start(context, "node-9"), Code.NotFound);
    assert.match(unknown.message, /"node-9".*crew agents enroll --serves vetting/);
    await unregisterAgent(context, one.agent);
    const bare = await refusal(start(context, "node-1"), Code.FailedPrecondition);
    assert.match(bare.message, /no vetting agent is enrolled on .*node-1.*crew agents enroll/);
    await refusal(start(context, "vet-1"), Code.NotFound);
  });

  test("is refused while the machine has a run that has not ended, and names it", async (t) => {
    const { context } = await fleet(t);
    const first = await start(context, "node-1");
    const error = await refusal(start(context, "vet-1"), Code.FailedPrecondition);
    assert.match(error.message, new RegExp(`vetting run ${first} of .*node-1.* is queued`));
    await start(context, "vet-left");
    await cancelWorkflow(context, first, "alice");
    await start(context, "node-1");
  });

  test("lets one of several at once through", async (t) => {
    const { context } = await fleet(t);
    const starts = await Promise.allSettled(["node-1", "vet-1", "SN-node-1"].map((target) => start(context, target)));
    assert.deepEqual(starts.map(({ status }) => status).toSorted(), ["fulfilled", "rejected", "rejected"]);
  });

  test("takes a built-in profile or a file, and says what is wrong with either", async (t) => {
    const { context } = await fleet(t);
    const unknown = await refusal(start(context, "node-1", { profile: "dmeo" }), Code.InvalidArgument);
    assert.match(unknown.message, /profile is "dmeo", expected one of demo/);
    await refusal(start(context, "node-1", {}), Code.InvalidArgument);
    const both = { profile: "demo", profileFile: { path: "p.yaml", content: PROFILE } };
    await refusal(start(context, "node-1", both), Code.InvalidArgument);

    const content = PROFILE.replace("timeout: 30s", "timeout: soon").replace("gpu:", "gpus:");
    const broken = await refusal(
      start(context, "node-1", { profileFile: { path: "p.yaml", content } }),
      Code.InvalidArgument,
    );
    const problems = detailOf(broken, PipelineProblemsSchema)?.problems ?? [];
    assert.ok(problems.length >= 2, broken.message);
    assert.match(broken.message, /p\.yaml:\d+:\d+: .* and \d+ more/);
    assert.ok(problems.every(({ path, line, column }) => path === "p.yaml" && line > 0 && column > 0));
  });

  test("keeps a run's agents to those that vet", async (t) => {
    const context = await testContext(t);
    const builder = await enrolAgent(context, { name: "builder", serves: WorkKind.BUILD });
    await refusal(start(context, "builder"), Code.NotFound);
    await refusal(start(context, builder.agentId), Code.NotFound);
  });
});
