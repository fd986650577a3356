import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { create } from "@bufbuild/protobuf";
import {
  AddReflectorRequestSchema,
  BlockReason,
  CancelVettingRunRequestSchema,
  EndReason,
  RejectVettingRunRequestSchema,
  RetryVettingStageRequestSchema,
  StepState,
  Verdict,
  WaiveVettingRunRequestSchema,
  WorkflowState,
} from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Caller } from "../agents/caller.ts";
import { HealthDesk } from "../agents/health.ts";
import { pendingDirectives } from "../agents/directives.ts";
import type { ServerContext } from "../context.ts";
import { endExpiredLeases } from "../queue/reaper.ts";
import { addReflector } from "../reflectors/add.ts";
import { leaseReflector } from "../reflectors/lease.ts";
import { readReflectors } from "../reflectors/reflector-message.ts";
import { rotateKey } from "../secrets/rotate.ts";
import { KeyRing, keyOf } from "../secrets/key-ring.ts";
import { testContext } from "../testing/context.ts";
import { done, poll, readWorkflow } from "../testing/fleet.ts";
import { cancelVetting } from "./cancel.ts";
import { rejectRun, retryStage, waiveRun } from "./decide.ts";
import { endExpiredHolds, failHungStages } from "./due.ts";
import { releaseHoldKey } from "./hold-key.ts";
import { readReport } from "./read-report.ts";
import { readVetting } from "./read.ts";
import { enrolVettingAgent, GOOD, HeldRun, ocpOf, PROFILE, stageOf, start } from "./testing/run.ts";

const BAD = ocpOf({ "cpu.threads": 1 });

/** The profile of other tests, which holds, and has a storage stage. */
const HOLDS = PROFILE.replace("stages:", "hold: { expires: 2h, ssh_key: true }\nabsence_limit: 20m\nstages:").replace(
  "storage: { skip: not today }",
  'storage: { timeout: 60s, gates: [{ metric: storage.errors, op: "=", value: 0 }] }',
);

/** A run that an agent has taken and started. */
async function started(t: TestContext, profile = HOLDS) {
  const context = await testContext(t);
  const agent = await enrolVettingAgent(context, { name: "vet-1" });
  const id = await start(context, "vet-1", { profileFile: { path: "p.yaml", content: profile } });
  assert.equal((await readVetting(context.db, id)).stage, "waiting");
  const run = { context, agent, id, read: () => readVetting(context.db, id) };
  const held = await HeldRun.take(context, agent);
  assert.deepEqual(stageOf(await held.init()), { stage: "inventory", try: 1 });
  return { ...run, held };
}

/** A run whose machine is held, because its inventory failed. */
async function holding(t: TestContext, profile = HOLDS) {
  const run = await started(t, profile);
  const action = await run.held.report("inventory", { ocp: BAD });
  return { ...run, action };
}

function retry(
  context: ServerContext,
  id: string,
  stage: string,
  more: { destroyData?: string[]; confirm?: string[]; confirmSignatures?: string[] } = {},
) {
  return retryStage(context, "bob", create(RetryVettingStageRequestSchema, { id, stage, ...more }));
}

function waive(context: ServerContext, id: string, reason = "known and harmless") {
  return waiveRun(context, "bob", create(WaiveVettingRunRequestSchema, { id, reason }));
}

function cancel(context: ServerContext, id: string, more: { powerOff?: boolean; stage?: string } = {}) {
  return cancelVetting(context, "bob", create(CancelVettingRunRequestSchema, { id, ...more }));
}

/** What the server tells an agent's health report. */
function health(context: ServerContext, agent: Caller) {
  return new HealthDesk(context, 0).report(agent, {
    freeSlots: 1,
    held: [],
    load1m: 0,
    capabilities: [],
    ackedDirectives: [],
    recentLog: [],
    bye: false,
  } as never);
}

async function directives(context: ServerContext, agent: Caller) {
  return ((await pendingDirectives(context.db, [agent])).get(agent.agentId) ?? []).map(({ action }) => action);
}

/** The machine started anew, and its agent with it. */
async function reboot(context: ServerContext, { agentId }: Caller, bootId: string): Promise<void> {
  await context.db.updateTable("agents").set({ boot_id: bootId }).where("id", "=", agentId).execute();
}

/** The lease of a run is lost with its agent, and the run waits for that again. */
async function lose(context: ServerContext, id: string): Promise<void> {
  await sql`update workflows set expires_at = now() - interval '1 minute' where id = ${id}`.execute(context.db);
  await sql`update liveness set up_since = now() - interval '1 day'`.execute(context.db);
  assert.equal(await endExpiredLeases(context), 1);
}

async function refused(call: Promise<unknown>, code: Code, message: RegExp): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}

suite("a machine that is held", () => {
  test("keeps no lease and no slot, and its agent hears of it for as long as it lasts", async (t) => {
    const { context, agent, id, held, action, read } = await holding(t);
    assert.equal(action.case, "hold");
    assert.match(action.case === "hold" ? action.value.reason : "", /^inventory: fail: cpu.threads is 1/);
    const row = await readWorkflow(context, id);
    assert.deepEqual([row.state, row.block_reason, row.agent_id], ["blocked", "holding", null]);
    const run = await read();
    assert.deepEqual([run.stage, run.workflow?.blockReason], ["holding", BlockReason.HOLDING]);
    assert.match(run.holdReason, /inventory: fail/);
    assert.equal(Number(run.heldUntil?.seconds) - Number(run.heldSince?.seconds), 7_200);
    assert.deepEqual(await poll(context, agent), []);
    await refused(held.init(), Code.FailedPrecondition, /no longer this agent's/);

    const { hold } = await health(context, agent);
    assert.equal(hold?.workflowId, id);
    assert.match(hold?.sshPublicKey ?? "", /^ssh-ed25519 \S+ groundcrew-hold-/);
    // Another process of the agent, or another replica, is told the same: all of it is in the database.
    assert.deepEqual((await health({ ...context, replica: "other" }, agent)).hold, hold);
    await cancel(context, id);
    assert.equal((await health(context, agent)).hold, undefined);
    assert.equal((await read()).stage, "canceled");
    assert.deepEqual(await context.db.selectFrom("vetting_hold_keys").selectAll().execute(), []);
  });

  test("goes on with a retry, pinned, in a new lease; what it said before is kept", async (t) => {
    const { context, agent, id, read } = await holding(t);
    await retry(context, id, "inventory");
    assert.deepEqual([(await readWorkflow(context, id)).state, (await read()).stage], ["queued", "inventory"]);
    const again = await HeldRun.take(context, agent);
    assert.deepEqual(stageOf(await again.init()), { stage: "inventory", try: 1 });
    assert.deepEqual(stageOf(await again.report("inventory", { ocp: GOOD.inventory })), {
      stage: "cpu_stress",
      try: 1,
    });
    const { acts, stages } = await read();
    assert.equal(stages[0]?.verdict, Verdict.PASS);
    assert.deepEqual([acts[0]?.kind, acts[0]?.by, acts[0]?.replacedVerdict], ["retry", "bob", Verdict.FAIL]);
  });

  test("may pass all the same when that is waived, with a reason, and its report says so", async (t) => {
    const { context, id, read } = await holding(t);
    await refused(waive(context, id, " "), Code.InvalidArgument, /reason/);
    await waive(context, id);
    const run = await read();
    assert.deepEqual([run.stage, run.verdict, run.workflow?.state], ["passed", Verdict.WARN, WorkflowState.SUCCEEDED]);
    assert.deepEqual([run.acts[0]?.kind, run.acts[0]?.reason], ["waive", "known and harmless"]);
    assert.ok(run.reportReady);
    const page = Buffer.concat(await Array.fromAsync(readReport(context, id))).toString();
    assert.match(page, /Decisions[^]*<td[^>]*>bob<[^]*<td[^>]*>waive<[^]*known and harmless/);
    await refused(waive(context, id), Code.FailedPrecondition, /has ended: it is succeeded/);
  });

  test("fails when it is rejected, and when its hold expires", async (t) => {
    const { context, id, read } = await holding(t);
    await rejectRun(context, "bob", create(RejectVettingRunRequestSchema, { id, reason: "a dead CPU" }));
    const run = await read();
    assert.deepEqual([run.stage, run.workflow?.endReason], ["failed", EndReason.VETTING_FAILED]);
    assert.equal(run.workflow?.error, "rejected by bob: a dead CPU");

    const next = await start(context, "vet-1", { profileFile: { path: "p.yaml", content: HOLDS } });
    const agent = await context.db.selectFrom("agents").select("id").executeTakeFirstOrThrow();
    const held = await HeldRun.take(context, { agentId: agent.id, name: "vet-1", generation: "1" });
    await held.init();
    await held.report("inventory", { ocp: BAD });
    assert.equal(await endExpiredHolds(context), 0);
    await sql`update vetting_runs set held_until = now() - interval '1 second' where workflow_id = ${next}`.execute(
      context.db,
    );
    assert.equal(await endExpiredHolds(context), 1);
    const expired = await readVetting(context.db, next);
    assert.deepEqual([expired.stage, expired.verdict, expired.reportReady], ["failed", Verdict.FAIL, true]);
  });

  test("gives its key to an operator, which is noted, and survives a change of the server's key", async (t) => {
    const { context, id, read } = await holding(t);
    const { privateKey } = await releaseHoldKey(context, id, "bob");
    assert.match(privateKey, /^-----BEGIN OPENSSH PRIVATE KEY-----/);
    const { acts } = await read();
    assert.deepEqual([acts[0]?.kind, acts[0]?.by], ["key", "bob"]);
    const stored = await context.db.selectFrom("vetting_hold_keys").select("sealed").executeTakeFirstOrThrow();
    assert.ok(!Buffer.from(stored.sealed).includes("OPENSSH"), "it is stored encrypted");

    const keys = new KeyRing([keyOf(Buffer.alloc(32, "n")), keyOf(Buffer.alloc(32, "k"))]);
    await rotateKey({ ...context, keys }, "bob");
    const renewed = { ...context, keys: new KeyRing([keyOf(Buffer.alloc(32, "n"))]) };
    assert.equal((await releaseHoldKey(renewed, id, "bob")).privateKey, privateKey);
    await waive(context, id);
    await refused(releaseHoldKey(renewed, id, "bob"), Code.FailedPrecondition, /only a held one has a key/);
  });

  test("is the only one that is decided about: while a stage runs, each verb is refused", async (t) => {
    const { context, id } = await started(t);
    for (const call of [() => retry(context, id, "inventory"), () => waive(context, id)]) {
      await refused(call(), Code.FailedPrecondition, /is at inventory.*only a held run/);
    }
    await refused(releaseHoldKey(context, id, "bob"), Code.FailedPrecondition, /only a held one has a key/);
    await refused(retry(context, "999", "inventory"), Code.NotFound, /999/);
  });
});

suite("an override", () => {
  /** A run that is held at storage. */
  async function heldAtStorage(t: TestContext) {
    const run = await started(t);
    await run.held.report("inventory", { ocp: GOOD.inventory });
    await run.held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    const action = await run.held.report("storage", { ocp: ocpOf({ "storage.errors": 1 }) });
    assert.equal(action.case, "hold");
    return run;
  }

  test("needs each serial typed twice, and is for storage alone", async (t) => {
    const { context, id, read } = await heldAtStorage(t);
    const [destroyData, InvalidArgument] = [["S1", "S2"], Code.InvalidArgument];
    await refused(retry(context, id, "storage", { destroyData }), InvalidArgument, /S1, typed once more/);
    await refused(retry(context, id, "storage", { destroyData, confirm: ["S1"] }), InvalidArgument, /S2/);
    await refused(retry(context, id, "storage", { confirm: ["S1"] }), InvalidArgument, /confirm/);
    await refused(
      retry(context, id, "inventory", { destroyData, confirm: destroyData }),
      InvalidArgument,
      /only stage/,
    );
    await refused(
      retry(context, id, "storage", { destroyData, confirm: destroyData, confirmSignatures: ["S3"] }),
      InvalidArgument,
      /confirm_signatures.*S3/,
    );
    await refused(retry(context, id, "sewing"), InvalidArgument, /one of inventory/);
    assert.equal((await read()).stage, "holding");
  });

  test("goes to one run of the stage: told again before that starts, gone after", async (t) => {
    const { context, agent, id } = await heldAtStorage(t);
    const overrides = { destroyData: ["S1", "S2"], confirmSignatures: ["S2"] };
    await retry(context, id, "storage", { ...overrides, confirm: ["S1", "S2"] });
    const first = await HeldRun.take(context, agent);
    for (let asked = 0; asked < 2; asked += 1) {
      const action = await first.init();
      const { destroyData, confirmSignatures } = (action.case === "runStage" && action.value.overrides) || {};
      assert.deepEqual({ destroyData, confirmSignatures }, overrides);
    }
    await first.report("storage", { state: StepState.RUNNING, sequence: 1 });
    const again = await first.init();
    assert.equal(again.case === "runStage" && again.value.overrides, undefined, "it started once");

    await lose(context, id);
    const second = await HeldRun.take(context, agent);
    const resumed = await second.init();
    assert.deepEqual(stageOf(resumed), { stage: "storage", try: 1 });
    assert.equal(resumed.case === "runStage" && resumed.value.overrides, undefined, "another lease never gets it");
  });

  test("that was told and never started is not told to another lease", async (t) => {
    const { context, agent, id } = await heldAtStorage(t);
    await retry(context, id, "storage", { destroyData: ["S1"], confirm: ["S1"] });
    await (await HeldRun.take(context, agent)).init();
    await lose(context, id);
    const action = await (await HeldRun.take(context, agent)).init();
    assert.equal(action.case === "runStage" && action.value.overrides, undefined);
  });
});

suite("a machine that went away in a stage", () => {
  test("and came back on the same boot goes on at that stage", async (t) => {
    const { context, agent, id, held, read } = await started(t);
    await held.report("inventory", { ocp: GOOD.inventory });
    await lose(context, id);
    const again = await HeldRun.take(context, agent);
    assert.deepEqual(stageOf(await again.init()), { stage: "cpu_stress", try: 1 });
    assert.equal((await read()).stage, "cpu_stress");
  });

  test("and started anew failed that stage, with what its agent found of it", async (t) => {
    const { context, agent, id, read } = await started(t);
    await lose(context, id);
    await reboot(context, agent, "another");
    const again = await HeldRun.take(context, agent);
    for (let asked = 0; asked < 2; asked += 1) {
      const action = await again.init();
      assert.deepEqual(action.case === "collectCrash" && [action.value.stage, action.value.try], ["inventory", 1]);
    }
    const action = await again.report("inventory", { state: StepState.FAILED, error: "pstore keeps dmesg-0" });
    assert.equal(action.case, "hold");
    const [stage] = (await read()).stages;
    assert.equal(stage?.verdict, Verdict.FAIL);
    assert.equal(stage.reasons[0], "unexpected reboot: boot id b, then another; pstore keeps dmesg-0");
  });

  test("but had been handed back in order may start anew meanwhile", async (t) => {
    const { context, agent, held } = await started(t);
    await done(context, agent, held, { state: WorkflowState.QUEUED, endReason: EndReason.HANDED_BACK });
    await reboot(context, agent, "another");
    assert.deepEqual(stageOf(await (await HeldRun.take(context, agent)).init()), { stage: "inventory", try: 1 });
  });

  test("may start anew while it is held: re-claimed, the run goes on with the retry", async (t) => {
    const { context, agent, id } = await holding(t);
    await reboot(context, agent, "another");
    assert.equal((await health(context, agent)).hold?.workflowId, id, "it is held as before");
    await retry(context, id, "inventory");
    assert.deepEqual(stageOf(await (await HeldRun.take(context, agent)).init()), { stage: "inventory", try: 1 });
  });

  test("and stays away for longer than its profile allows has hung", async (t) => {
    const { context, id, read } = await started(t);
    await addReflector(context, create(AddReflectorRequestSchema, { host: "10.0.0.5" }), "alice");
    await context.db.transaction().execute((tx) => leaseReflector(tx, id, 3_600_000));
    await lose(context, id);
    assert.equal(await failHungStages(context), 0);
    await sql`update workflows set queued_at = now() - interval '21 minutes' where id = ${id}`.execute(context.db);
    await sql`update liveness set up_since = now()`.execute(context.db);
    assert.equal(await failHungStages(context), 0, "the server was away itself");
    await sql`update liveness set up_since = now() - interval '1 hour'`.execute(context.db);
    assert.equal(await failHungStages(context), 1);
    const run = await read();
    assert.deepEqual([run.stage, run.stages[0]?.verdict], ["holding", Verdict.FAIL]);
    assert.match(run.stages[0]?.reasons[0] ?? "", /^hung: the machine was not heard of for 20 min/);
    assert.equal((await readReflectors(context.db))[0]?.leasedSlots, 0, "its partner is free");
    assert.equal(await failHungStages(context), 0);
  });

  test("and stays away ends its run where the profile does not hold", async (t) => {
    const { context, id, read } = await started(t, PROFILE);
    await lose(context, id);
    await sql`update workflows set queued_at = now() - interval '31 minutes' where id = ${id}`.execute(context.db);
    assert.equal(await failHungStages(context), 1);
    const run = await read();
    assert.deepEqual([run.stage, run.verdict, run.workflow?.state], ["failed", Verdict.FAIL, WorkflowState.FAILED]);
    assert.ok(run.notCovered.includes("cpu_stress: has not run"));
  });
});

suite("canceling", () => {
  test("one stage names its step run, and that never counts as a pass, whatever it says", async (t) => {
    const { context, agent, id, held, read } = await started(t);
    await held.report("inventory", { state: StepState.RUNNING, sequence: 1 });
    await refused(cancel(context, id, { stage: "cpu_stress" }), Code.FailedPrecondition, /"cpu_stress" does not run/);
    await cancel(context, id, { stage: "inventory" });
    await cancel(context, id, { stage: "inventory" });
    const stepRun = { workflowId: id, epoch: held.epoch, step: "inventory", try: 1 };
    assert.deepEqual(await directives(context, agent), [
      { case: "cancelStage", value: { stepRun, canceledBy: "bob" } },
    ]);
    assert.equal((await read()).cancelingStage, "inventory");
    await held.report("inventory", { ocp: GOOD.inventory });
    const { stages, stage } = await read();
    assert.deepEqual([stage, stages[0]?.verdict], ["holding", Verdict.CANCELED]);
    await refused(cancel(context, id, { stage: "inventory" }), Code.FailedPrecondition, /does not run/);
  });

  test("one stage holds although its agent vanished: the next does not begin it again", async (t) => {
    const { context, agent, id, read } = await started(t);
    await cancel(context, id, { stage: "inventory" });
    await lose(context, id);
    assert.equal((await (await HeldRun.take(context, agent)).init()).case, "hold");
    assert.equal((await read()).stages[0]?.verdict, Verdict.CANCELED);
  });

  test("with power-off tells the machine's agent at the end of the run, or at once while it is held", async (t) => {
    const { context, agent, id, held } = await started(t);
    await cancel(context, id, { powerOff: true });
    assert.deepEqual(await directives(context, agent), [], "not before its stage has stopped");
    await held.report("inventory", { state: StepState.CANCELED });
    await done(context, agent, held, { state: WorkflowState.CANCELED, endReason: EndReason.CANCELED });
    const [action] = await directives(context, agent);
    assert.equal(action?.case === "powerOff" && action.value.workflowId, id);
    assert.equal((await readVetting(context.db, id)).stage, "canceled");
  });

  test("a held one with power-off tells the agent at once", async (t) => {
    const { context, agent, id } = await holding(t);
    await cancel(context, id, { powerOff: true });
    assert.equal((await directives(context, agent))[0]?.case, "powerOff");
    assert.equal((await directives(context, agent)).length, 1);
  });

  test("needs no operator for power-off where the profile says so", async (t) => {
    const { context, agent, held } = await started(t, PROFILE.replace("stages:", "power_off: true\nstages:"));
    await held.report("inventory", { ocp: GOOD.inventory });
    await held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    assert.equal(await done(context, agent, held), "succeeded");
    assert.equal((await directives(context, agent))[0]?.case, "powerOff");
  });
});
