import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { judgeStage, type StageEvidence } from "./evaluate.ts";
import type { OcpWriter } from "./ocp/writer.ts";
import { recordOf, STAGE } from "./testing.ts";
import type { Verdict } from "./verdict.ts";

/** Writes the three metrics that the test stage's gates want. */
function measure(
  ocp: OcpWriter,
  { wrong = 0, slow = 5, sound = 1 }: { wrong?: number; slow?: number; sound?: number },
) {
  ocp.measurement("wrong", wrong);
  ocp.measurement("slow", slow);
  ocp.measurement("sound", sound);
}

const good = recordOf((ocp) => measure(ocp, {}));

interface Case {
  name: string;
  evidence: StageEvidence;
  verdict: Verdict;
  /** Must be found in a reason. */
  reason?: RegExp;
}

const completed = (ocp: string): StageEvidence => ({ outcome: "completed", exitCode: 0, ocp });

const cases: Case[] = [
  { name: "every gate holds", evidence: completed(good), verdict: "pass" },
  {
    name: "a fail gate does not hold",
    evidence: completed(recordOf((ocp) => measure(ocp, { wrong: 2 }))),
    verdict: "fail",
    reason: /^wrong is 2; = 0 is wanted$/,
  },
  {
    name: "a warn gate does not hold",
    evidence: completed(recordOf((ocp) => measure(ocp, { slow: 11 }))),
    verdict: "warn",
    reason: /^slow is 11/,
  },
  {
    name: "the test was not sound",
    evidence: completed(recordOf((ocp) => measure(ocp, { sound: 0 }))),
    verdict: "error",
    reason: /^sound is 0/,
  },
  {
    name: "the hardware fell short and the test was not sound: what was measured outweighs",
    evidence: completed(recordOf((ocp) => measure(ocp, { wrong: 1, sound: 0 }))),
    verdict: "fail",
  },
  {
    name: "an optional metric is absent",
    evidence: completed(
      recordOf((ocp) => {
        ocp.measurement("wrong", 0);
        ocp.measurement("sound", 1);
      }),
    ),
    verdict: "pass",
  },
  {
    name: "a metric is absent, and the stage said why",
    evidence: completed(
      recordOf((ocp) => {
        ocp.measurement("sound", 1);
        ocp.absent({ what: "x", why: "tool is not installed (Debian package tool)", metrics: ["wrong"] });
      }),
    ),
    verdict: "error",
    reason: /wrong was not measured: tool is not installed \(Debian package tool\)/,
  },
  { name: "exit code 0 and no evidence at all", evidence: completed(""), verdict: "error", reason: /no start/ },
  {
    name: "exit code 0 and a record without an end",
    evidence: completed(recordOf((ocp) => measure(ocp, {})).replace(/.*testRunEnd.*\n/, "")),
    verdict: "error",
    reason: /no end; the stage exited with code 0/,
  },
  {
    name: "killed before the end of its record",
    evidence: { outcome: "completed", signal: "SIGKILL", ocp: good.replace(/.*testRunEnd.*\n/, "") },
    verdict: "error",
    reason: /was killed by SIGKILL/,
  },
  {
    name: "any other exit code with a complete record",
    evidence: { outcome: "completed", exitCode: 1, ocp: good },
    verdict: "pass",
  },
  { name: "an unreadable line", evidence: completed(`${good}{"half\n`), verdict: "error", reason: /line \d+ is not/ },
  {
    name: "the stage reports that a tool is missing",
    evidence: completed(
      recordOf((ocp) => ocp.error("tool-missing", "x is not installed (Debian package x)"), {
        status: "ERROR",
        result: "NOT_APPLICABLE",
      }),
    ),
    verdict: "error",
    reason: /tool-missing: x is not installed \(Debian package x\)/,
  },
  {
    name: "the stage reports an error beside good metrics",
    evidence: completed(
      recordOf((ocp) => {
        measure(ocp, {});
        ocp.error("tool-failed", "");
      }),
    ),
    verdict: "error",
    reason: /^tool-failed$/,
  },
  {
    name: "status ERROR without a word",
    evidence: completed(recordOf((ocp) => measure(ocp, {}), { status: "ERROR", result: "NOT_APPLICABLE" })),
    verdict: "error",
  },
  {
    name: "a skip that the profile does not declare",
    evidence: completed(recordOf((ocp) => measure(ocp, {}), { status: "SKIP", result: "NOT_APPLICABLE" })),
    verdict: "error",
    reason: /does not declare/,
  },
  {
    name: "the stage itself says FAIL, against good metrics",
    evidence: completed(recordOf((ocp) => measure(ocp, {}), { status: "COMPLETE", result: "FAIL" })),
    verdict: "fail",
  },
  {
    name: "the stage itself says PASS, against bad metrics",
    evidence: completed(recordOf((ocp) => measure(ocp, { wrong: 9 }))),
    verdict: "fail",
  },
  { name: "canceled", evidence: { outcome: "canceled", ocp: "" }, verdict: "canceled", reason: /^stopped before/ },
  { name: "canceled with good metrics", evidence: { outcome: "canceled", ocp: good }, verdict: "canceled" },
  { name: "timed out", evidence: { outcome: "timed_out", ocp: "" }, verdict: "timed_out", reason: /limit of 5 s$/ },
  {
    name: "timed out after it measured a failure",
    evidence: { outcome: "timed_out", ocp: recordOf((ocp) => measure(ocp, { wrong: 1 })) },
    verdict: "fail",
  },
  {
    name: "not started",
    evidence: { outcome: "not_started", error: "no such file", ocp: "" },
    verdict: "error",
    reason: /^could not be started: no such file$/,
  },
];

suite("a stage is judged from its evidence", () => {
  for (const { name, evidence, verdict, reason } of cases) {
    test(`${name}: ${verdict}`, () => {
      const result = judgeStage(STAGE, evidence);
      assert.equal(result.verdict, verdict, result.reasons.join("; "));
      if (verdict !== "pass") assert.notEqual(result.reasons.length, 0, "a verdict that is no pass has a reason");
      if (reason !== undefined)
        assert.ok(
          result.reasons.some((one) => reason.test(one)),
          result.reasons.join("; "),
        );
    });
  }

  test("one that was stopped early is not also blamed for what it then could not measure", () => {
    assert.equal(judgeStage(STAGE, { outcome: "timed_out", ocp: "" }).reasons.length, 1);
  });

  test("one that the profile skips is skipped, whatever the evidence", () => {
    const result = judgeStage({ name: "gpu", skip: "has none" }, completed(good));
    assert.deepEqual(result, { stage: "gpu", verdict: "skip", reasons: ["has none"], gates: [] });
  });

  test("when all its gates are optional and none was measured, that is an error", () => {
    const stage = { ...STAGE, gates: STAGE.gates.map((gate) => ({ ...gate, optional: true })) };
    const result = judgeStage(stage, completed(recordOf(() => {})));
    assert.deepEqual([result.verdict, result.reasons], ["error", ["nothing was measured"]]);
  });

  test("a stage's own words are cut to bounded size", () => {
    const noisy = recordOf((ocp) => {
      for (let n = 0; n < 500; n += 1) ocp.error("boom", "x".repeat(10_000));
    });
    const { reasons } = judgeStage(STAGE, completed(noisy));
    assert.ok(reasons.length <= 50 && reasons.every((reason) => reason.length <= 500));
  });

  test("no evidence makes it throw, and nothing but complete evidence passes", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.json()).map((lines) => lines.join("\n")),
    );
    fc.assert(
      fc.property(text, (ocp) => {
        assert.notEqual(judgeStage(STAGE, completed(ocp)).verdict, "pass");
      }),
    );
  });

  test("good evidence that was cut anywhere does not pass, except right before its last newline", () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 2 }), (length) => {
        assert.notEqual(judgeStage(STAGE, completed(good.slice(0, length))).verdict, "pass");
      }),
    );
  });
});
