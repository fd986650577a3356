import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { EndReason, StepState, Verdict, WorkflowState } from "@groundcrew/proto";
import { testContext } from "../testing/context.ts";
import { done, readWorkflow } from "../testing/fleet.ts";
import { cancelWorkflow } from "../workflows/cancel.ts";
import { readReport } from "./read-report.ts";
import { readVetting } from "./read.ts";
import { enrolVettingAgent, GOOD, HeldRun, ocpOf, ocpWith, stageOf, start } from "./testing/run.ts";

/** A run that an agent has taken and started: it is told to take the inventory. */
async function started(t: TestContext) {
  const context = await testContext(t);
  const agent = await enrolVettingAgent(context, { name: "vet-1" });
  const id = await start(context, "vet-1");
  const held = await HeldRun.take(context, agent);
  assert.equal(held.workflowId, id);
  assert.deepEqual(stageOf(await held.init()), { stage: "inventory", try: 1 });
  return {
    context,
    agent,
    id,
    held,
    read: () => readVetting(context.db, id),
    end: (state: WorkflowState = WorkflowState.SUCCEEDED) => done(context, agent, held, { state }),
    report: async () => Buffer.concat(await Array.fromAsync(readReport(context, id))).toString(),
  };
}

function stop(state: WorkflowState, endReason: EndReason) {
  return { $typeName: "groundcrew.v1.Stop", state, endReason };
}

suite("a vetting run", () => {
  test("goes from stage to stage by the evidence, and ends passed with a report", async (t) => {
    const { held, id, read, end, report, context } = await started(t);
    const next = await held.report("inventory", { ocp: GOOD.inventory });
    assert.deepEqual(stageOf(next), { stage: "cpu_stress", try: 1 });
    assert.equal(next.case === "runStage" && next.value.timeoutMs, 60_000);
    assert.match(next.case === "runStage" ? next.value.parametersJson : "", /"segments":1/);
    const last = await held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    assert.deepEqual(last.value, stop(WorkflowState.SUCCEEDED, EndReason.COMPLETED));
    assert.equal(await end(), "succeeded");

    const run = await read();
    assert.equal(run.stage, "passed");
    assert.equal(run.verdict, Verdict.PASS);
    assert.ok(run.reportReady);
    assert.ok(run.notCovered.includes("gpu: none in this machine"));
    const [inventory] = run.stages;
    assert.equal(inventory?.verdict, Verdict.PASS);
    assert.ok(inventory.startedAt && inventory.finishedAt);
    assert.deepEqual(
      inventory.evidence.map(({ name, stepRun }) => [name, stepRun?.try]),
      [["ocp.jsonl", 1]],
    );

    const html = await report();
    assert.match(html, /Every required stage ran, and every gate held/);
    assert.match(html, /gpu: none in this machine/);
    assert.match(html, /machine_checks.* was not measured/);
    assert.match(html, new RegExp(Buffer.from(inventory.evidence[0]?.sha256 ?? []).toString("hex")));
    assert.match(html, /vet-1 0/);
    const { workflow_id, step_run_id, content_type } = await context.db
      .selectFrom("blobs")
      .selectAll()
      .where("name", "=", "report.html")
      .executeTakeFirstOrThrow();
    assert.deepEqual([workflow_id, step_run_id, content_type], [id, null, "text/html"]);
  });

  test("goes on after a failed stage, and ends failed whatever the agent claims", async (t) => {
    const { held, read, end, report, context, id } = await started(t);
    const next = await held.report("inventory", { ocp: ocpOf({ "cpu.threads": 1 }) });
    assert.deepEqual(stageOf(next), { stage: "cpu_stress", try: 1 });
    const last = await held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    assert.deepEqual(last.value, stop(WorkflowState.FAILED, EndReason.VETTING_FAILED));
    assert.equal(await end(WorkflowState.SUCCEEDED), "failed");
    const row = await readWorkflow(context, id);
    assert.deepEqual([row.end_reason, row.error], ["vetting_failed", "fell short in inventory"]);
    const run = await read();
    assert.equal(run.stage, "failed");
    assert.equal(run.verdict, Verdict.FAIL);
    assert.match(run.stages[0]?.reasons.join() ?? "", /cpu.threads is 1; >= 2 is wanted/);
    assert.match(await report(), /A required stage was measured and fell short/);
  });

  test("cannot be judged by an exit code: a required stage without evidence is an error", async (t) => {
    const { held, read, end } = await started(t);
    await held.report("inventory", { exitCode: 0 });
    const last = await held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    assert.deepEqual(last.value, stop(WorkflowState.FAILED, EndReason.VETTING_ERROR));
    assert.equal(await end(), "failed");
    const run = await read();
    assert.equal(run.verdict, Verdict.ERROR);
    assert.equal(run.workflow?.endReason, EndReason.VETTING_ERROR);
    assert.equal(run.workflow.error, "could not be judged in inventory");
    assert.equal(run.stages[0]?.reasons[0], "evidence: the agent stored no ocp.jsonl");
  });

  const ends: [string, Parameters<HeldRun["report"]>[1], Verdict, RegExp][] = [
    ["that ran past its limit", { state: StepState.TIMED_OUT }, Verdict.TIMED_OUT, /ran past its limit of 30 s/],
    ["that could not start", { state: StepState.FAILED, error: "ENOENT" }, Verdict.ERROR, /could not be .*ENOENT/],
    ["without an end", { ocp: ocpOf({ "cpu.threads": 8 }, null), exitCode: 0 }, Verdict.ERROR, /no end/],
    ["that failed but measured", { ocp: GOOD.inventory, state: StepState.FAILED, exitCode: 3 }, Verdict.PASS, /^$/],
  ];
  for (const [what, report, verdict, reason] of ends) {
    test(`judges a stage ${what}`, async (t) => {
      const { held, read } = await started(t);
      await held.report("inventory", report);
      const [stage] = (await read()).stages;
      assert.equal(stage?.verdict, verdict);
      assert.match(stage.reasons.join("; "), reason);
    });
  }

  test("answers a repeated report the same, and judges a stage once", async (t) => {
    const { held, read } = await started(t);
    const first = await held.report("inventory", { ocp: GOOD.inventory });
    const before = await read();
    assert.deepEqual(await held.report("inventory", { ocp: GOOD.inventory }), first);
    assert.deepEqual(stageOf(await held.init()), { stage: "cpu_stress", try: 1 });
    const after = await read();
    assert.deepEqual(after.stages[0], before.stages[0]);
    await held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    const end = await held.report("inventory", { sequence: 3, state: StepState.FAILED });
    assert.deepEqual(end.value, stop(WorkflowState.SUCCEEDED, EndReason.COMPLETED));
    assert.equal((await read()).verdict, Verdict.PASS);
  });

  test("is moved on by no other stage and by no earlier try", async (t) => {
    const { held, read } = await started(t);
    const other = await held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    assert.deepEqual(stageOf(other), { stage: "inventory", try: 1 });
    await held.report("inventory", { state: StepState.RUNNING, sequence: 1 });
    await held.report("inventory", { state: StepState.RUNNING, sequence: 1, try: 2 });
    await held.report("inventory", { ocp: ocpOf({ "cpu.threads": 1 }) });
    assert.equal((await read()).stage, "inventory");
    await held.report("inventory", { ocp: GOOD.inventory, try: 2 });
    assert.equal((await read()).stages[0]?.verdict, Verdict.PASS);
  });

  test("stops when it is canceled, keeps what was measured, and has no report", async (t) => {
    const { held, read, end, report, context, id } = await started(t);
    await held.report("inventory", { ocp: GOOD.inventory });
    await cancelWorkflow(context, id, "bob");
    const action = await held.report("cpu_stress", { state: StepState.CANCELED });
    assert.deepEqual(action.value, stop(WorkflowState.CANCELED, EndReason.CANCELED));
    assert.equal(await end(WorkflowState.CANCELED), "canceled");
    const run = await read();
    assert.deepEqual([run.stage, run.verdict], ["canceled", Verdict.CANCELED]);
    const judged = run.stages.filter(({ verdict }) => verdict !== Verdict.SKIP).map(({ verdict }) => verdict);
    assert.deepEqual(judged, [Verdict.PASS, Verdict.CANCELED]);
    await assert.rejects(report(), /has no report: it ended as canceled/);
  });

  test("resumes at its stage, under a new epoch, when a draining agent handed it back", async (t) => {
    const { held, read, end, context, agent } = await started(t);
    await held.report("inventory", { ocp: GOOD.inventory });
    await held.report("cpu_stress", { state: StepState.CANCELED, error: "the agent drains" });
    assert.equal(await end(WorkflowState.QUEUED), "queued");
    assert.equal((await read()).stage, "cpu_stress");

    const again = await HeldRun.take(context, agent);
    assert.notEqual(again.epoch, held.epoch);
    assert.deepEqual(stageOf(await again.init()), { stage: "cpu_stress", try: 1 });
    await again.report("cpu_stress", { ocp: GOOD.cpu_stress });
    assert.equal(await done(context, agent, again), "succeeded");
  });

  test("that its agent gives up ends failed, saying at which stage", async (t) => {
    const { end, read } = await started(t);
    assert.equal(await end(WorkflowState.SUCCEEDED), "failed");
    const run = await read();
    assert.equal(run.workflow?.endReason, EndReason.VETTING_ERROR);
    assert.match(run.workflow.error, /at stage inventory, before that was judged/);
    assert.deepEqual([run.stage, run.verdict], ["aborted", Verdict.ERROR]);
  });

  test("that ran out of time ends timed out", async (t) => {
    const { end, read, context, id } = await started(t);
    await context.db
      .updateTable("workflows")
      .set({ deadline: new Date(0) })
      .where("id", "=", id)
      .execute();
    assert.equal(await end(WorkflowState.TIMED_OUT), "timed_out");
    assert.equal((await read()).verdict, Verdict.TIMED_OUT);
  });

  test("stores and shows a hostile stage's words as words", async (t) => {
    const { held, read, report } = await started(t);
    const evil = `<script>alert(1)</script>\0\ud800${"x".repeat(10_000)}`;
    const ocp = ocpWith((writer) => {
      writer.measurement("cpu.threads", evil);
      writer.error(evil.slice(0, 200), evil);
      writer.file("../../etc/passwd", "text/html");
    });
    await held.report("inventory", { ocp });
    await held.store("inventory", "-rf", "a name that a shell would misread");
    await held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    const [stage] = (await read()).stages;
    assert.equal(stage?.verdict, Verdict.ERROR);
    assert.match(stage.reasons.join(), /<script>/);
    assert.ok(!stage.reasons.join().includes("\0"));
    const html = await report();
    assert.ok(!html.includes("<script"), "the report holds a script");
    assert.match(html, /&lt;script&gt;/);
  });
});
