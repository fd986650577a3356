import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Verdict, VettingRunSchema, VettingStageSchema, WorkflowState, type VettingRun } from "@groundcrew/proto";
import { at, START_MS, type Fields } from "../testing/fixtures.ts";
import { gatesText, renderVettingRun, vettingChanges } from "./vetting.ts";

const view = { nowMs: START_MS + 30_000, width: 90, style: { colour: false, unicode: true } };

function vettingRun(init: Fields<typeof VettingRunSchema>): VettingRun {
  return create(VettingRunSchema, {
    id: "9",
    profile: "demo",
    machine: { id: "m", identity: { hostname: "node-17" } },
    ...init,
  });
}

const running = vettingRun({
  stage: "cpu_stress",
  workflow: { id: "9", state: WorkflowState.RUNNING, agent: "vet-1", startedAt: at(0), attempt: 1 },
  stages: [
    { name: "inventory", required: true, verdict: Verdict.PASS, startedAt: at(0), finishedAt: at(2) },
    { name: "smart", verdict: Verdict.SKIP, reasons: ["no disk here has SMART"] },
    { name: "cpu_stress", required: true, startedAt: at(2) },
  ],
});

const failed = vettingRun({
  stage: "failed",
  verdict: Verdict.FAIL,
  workflow: { id: "9", state: WorkflowState.FAILED, startedAt: at(0), finishedAt: at(22), endReason: 13 },
  stages: [
    ...running.stages.slice(0, 2),
    {
      name: "cpu_stress",
      required: true,
      verdict: Verdict.FAIL,
      startedAt: at(2),
      finishedAt: at(22),
      reasons: ["3 verify failures, wanted none"],
      gates: [
        { metric: "cpu.verify_failures", verdict: Verdict.FAIL },
        { metric: "cpu.ops", verdict: Verdict.PASS },
      ],
    },
  ],
  notCovered: ["smart: no disk here has SMART"],
});

suite("a vetting run's picture", () => {
  test("shows each stage with its verdict", () => {
    assert.deepEqual(renderVettingRun(running, view), [
      " ● vetting node-17  #9  profile demo  running  30s  on vet-1",
      " ✓ inventory   pass          2.0s",
      " - smart       skip                no disk here has SMART",
      " ● cpu_stress  running        28s",
    ]);
  });

  test("ends with the verdict and what was not covered", () => {
    assert.deepEqual(renderVettingRun(failed, view), [
      " ✗ vetting node-17  #9  profile demo  fail  22s  the machine's verdict is fail",
      " ✓ inventory   pass          2.0s",
      " - smart       skip                no disk here has SMART",
      " ✗ cpu_stress  fail           20s  3 verify failures, wanted none; 1 gate held, 1 failed",
      " not covered",
      "   smart: no disk here has SMART",
    ]);
  });

  test("gates that were not measured are not told as failures", () => {
    const gatesOf = (...verdicts: Verdict[]): string =>
      gatesText(create(VettingStageSchema, { gates: verdicts.map((verdict) => ({ verdict })) }));
    const { PASS, WARN, FAIL, ERROR, SKIP } = Verdict;
    assert.equal(gatesOf(PASS, PASS), "2 gates held");
    assert.equal(gatesOf(PASS, PASS, SKIP, ERROR), "2 gates held, 2 not measured");
    assert.equal(gatesOf(PASS, FAIL, WARN), "1 gate held, 1 failed, 1 warned");
    assert.equal(gatesOf(), "");
  });

  test("what was not covered is told whole, on as many lines as it takes", () => {
    const lines = renderVettingRun(failed, { ...view, width: 20 });
    assert.deepEqual(lines.slice(-3), [" not covered", "   smart: no disk", "     here has SMART"]);
  });

  test("a pipe hears of each change once", () => {
    assert.deepEqual(vettingChanges(undefined, running), [
      "inventory pass after 2.0s",
      "smart skip (no disk here has SMART)",
      "cpu_stress running",
      "vetting node-17 running",
    ]);
    assert.deepEqual(vettingChanges(running, running), []);
    assert.deepEqual(vettingChanges(running, failed), [
      "cpu_stress fail after 20s (3 verify failures, wanted none; 1 gate held, 1 failed)",
      "vetting node-17 fail",
    ]);
  });
});

suite("a run that is held", () => {
  const held = vettingRun({
    stage: "holding",
    workflow: { id: "9", state: WorkflowState.BLOCKED, attempt: 1 },
    stages: [{ name: "inventory", required: true, verdict: Verdict.FAIL, reasons: ["dimm.count is 15"] }],
    holdReason: "inventory: fail: dimm.count is 15",
    heldUntil: at(3_630),
    holdKey: true,
    acts: [
      { kind: "retry", by: "ada", stage: "storage", destroyData: ["S1", "S2"], confirmSignatures: ["S2"] },
      { kind: "waive", by: "bob", reason: "a spare\u001b[31m" },
    ],
  });

  test("says for what, for how long still, and what operators did, whatever those wrote", () => {
    const lines = renderVettingRun(held, view);
    assert.match(lines[0] ?? "", /■ vetting node-17 {2}#9 {2}profile demo {2}holding/);
    const rest = lines.slice(2).join("\n");
    assert.match(rest, /held for inventory: fail: dimm\.count is 15; it fails by itself in 1h 00m/);
    assert.match(rest, /its key: crew vet key 9/);
    assert.match(rest, /ada: retried storage, with leave to destroy the data on S1, S2, signatures on S2 or not/);
    assert.match(rest, /bob: waived it: a spare/);
    assert.ok(!rest.includes("\u001b"));
  });
});
