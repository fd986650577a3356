import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import type { StageResult } from "./evaluate.ts";
import type { Profile, StageProfile } from "./profile.ts";
import {
  cancelRun,
  finishReporting,
  nextOf,
  notCovered,
  overallVerdict,
  recordStage,
  type RunState,
  startRun,
} from "./run.ts";
import { isAgentStage, PROFILED_STAGES, type ProfiledStageName, STAGES } from "./stages.ts";
import type { Verdict } from "./verdict.ts";

const VERDICTS: readonly Verdict[] = ["pass", "warn", "fail", "error", "skip", "canceled", "timed_out"];

function stage(name: ProfiledStageName, how: "required" | "optional" | "skip"): StageProfile {
  if (how === "skip") return { name, skip: `no ${name} here` };
  const gate = { metric: "m", op: "=", value: 0, severity: "fail", optional: false } as const;
  if (!isAgentStage(name)) return { name, required: how === "required", gates: [gate] };
  return { name, required: how === "required", timeoutMs: 1000, parameters: { of: name }, gates: [gate] };
}

function profileOf(how: (name: ProfiledStageName) => "required" | "optional" | "skip"): Profile {
  return { name: "test", description: "", stages: PROFILED_STAGES.map((name) => stage(name, how(name))) };
}

function resultOf(stage: ProfiledStageName, verdict: Verdict): StageResult {
  return { stage, verdict, reasons: verdict === "pass" ? [] : [`it is ${verdict}`], gates: [] };
}

/** Every stage runs and passes until the run is at `state`. */
function runAt(state: RunState["at"], profile = profileOf(() => "required")): RunState {
  let run = startRun(profile);
  if (state === "canceled") return cancelRun(run);
  while (run.at !== state) {
    const next = nextOf(run);
    if (next.kind === "ended" || next.kind === "wait_for_agent") throw new Error(`the run does not come to ${state}`);
    if (next.kind === "server_stage" && next.stage === "reporting")
      run = finishReporting(state === "failed" ? failFirst(run) : run);
    else run = recordStage(run, resultOf(next.stage, "pass"));
  }
  return run;
}

function failFirst(run: RunState): RunState {
  return { ...run, results: run.results.map((result, n) => (n === 0 ? { ...result, verdict: "fail" } : result)) };
}

/** Every stage that this profile runs, reporting, and the three ends. */
const STATES: readonly RunState["at"][] = [...STAGES.map((stage) => stage.name), "passed", "failed", "canceled"];

suite("every state against every event", () => {
  for (const state of STATES) {
    const run = runAt(state);
    const ended = state === "passed" || state === "failed" || state === "canceled";

    test(`${state}: says what is next, and changes nothing by it`, () => {
      const before = structuredClone(run);
      const next = nextOf(run);
      if (ended) assert.equal(next.kind, "ended");
      else if (!isAgentStage(state)) assert.deepEqual(next, { kind: "server_stage", stage: state });
      else assert.deepEqual(next, { kind: "run_stage", stage: state, timeoutMs: 1000, parameters: { of: state } });
      assert.deepEqual(run, before);
    });

    for (const name of PROFILED_STAGES) {
      test(`${state}: a result of ${name} ${name === state ? "moves it on" : "is refused"}, whatever its verdict`, () => {
        const before = structuredClone(run);
        for (const verdict of VERDICTS) {
          if (name === state) {
            const after = recordStage(run, resultOf(name, verdict));
            assert.ok(STATES.indexOf(after.at) > STATES.indexOf(state), "it only goes forward");
            assert.ok(after.results.some((result) => result.stage === name && result.verdict === verdict));
          } else {
            assert.throws(() => recordStage(run, resultOf(name, verdict)), new RegExp(`is at ${state}`));
          }
        }
        assert.deepEqual(run, before);
      });
    }

    test(`${state}: the report's end ${state === "reporting" ? "ends it" : "is refused"}`, () => {
      if (state === "reporting") assert.equal(finishReporting(run).at, "passed");
      else assert.throws(() => finishReporting(run), new RegExp(`is at ${state}`));
    });

    test(`${state}: canceling ${ended ? "is refused" : "ends it"}`, () => {
      if (ended) assert.throws(() => cancelRun(run), /ended already/);
      else assert.equal(cancelRun(run).at, "canceled");
    });

    test(`${state}: survives being stored as JSON`, () => {
      assert.deepEqual(JSON.parse(JSON.stringify(run)), run);
    });
  }
});

suite("the verdict over all stages", () => {
  /** What a stage's verdict makes of a run in which all others passed. */
  const table: Record<Verdict, { required: string; optional: string }> = {
    pass: { required: "pass", optional: "pass" },
    warn: { required: "warn", optional: "warn" },
    fail: { required: "fail", optional: "warn" },
    error: { required: "error", optional: "warn" },
    // Only a profile may skip; a required stage that says skip without it was not judged.
    skip: { required: "error", optional: "pass" },
    canceled: { required: "error", optional: "warn" },
    timed_out: { required: "error", optional: "warn" },
  };
  for (const [verdict, wanted] of Object.entries(table) as [Verdict, { required: string; optional: string }][]) {
    for (const how of ["required", "optional"] as const) {
      test(`one ${how} stage says ${verdict}, the others pass: ${wanted[how]}`, () => {
        const profile = profileOf((name) => (name === "memory" ? how : "required"));
        const run = finishWith(profile, (name) => (name === "memory" ? verdict : "pass"));
        assert.equal(overallVerdict(run), wanted[how]);
        assert.equal(run.at, wanted[how] === "pass" || wanted[how] === "warn" ? "passed" : "failed");
        assert.deepEqual(nextOf(run), { kind: "ended", verdict: wanted[how] });
      });
    }
  }

  test("a failure outweighs what could not be judged", () => {
    const run = finishWith(
      profileOf(() => "required"),
      (name) => (name === "memory" ? "error" : name === "network" ? "fail" : "pass"),
    );
    assert.equal(overallVerdict(run), "fail");
  });

  test("of a canceled run is an error: what it did not get to was not judged", () => {
    assert.deepEqual(nextOf(runAt("canceled")), { kind: "ended", verdict: "error" });
  });
});

suite("a run", () => {
  test("records the declared skips as it passes them, and says that they are not covered", () => {
    const run = startRun(profileOf((name) => (name === "cpu_stress" ? "required" : "skip")));
    assert.equal(run.at, "cpu_stress");
    const after = recordStage(run, resultOf("cpu_stress", "pass"));
    assert.equal(after.at, "reporting");
    assert.deepEqual(
      after.results.map((result) => result.stage),
      PROFILED_STAGES,
    );
    assert.equal(notCovered(after)[0], "inventory: no inventory here");
    assert.equal(notCovered(after).length, PROFILED_STAGES.length - 1);
  });

  test("says which metrics and stages it has nothing on", () => {
    const gate = {
      metric: "fan.speed",
      unit: "",
      gate: "> 0",
      verdict: "skip",
      message: "fan.speed was not measured",
    } as const;
    const run = startRun(profileOf((name) => (name === "inventory" || name === "smart" ? "required" : "skip")));
    const after = recordStage(run, { stage: "inventory", verdict: "pass", reasons: [], gates: [gate] });
    assert.deepEqual(notCovered(after).slice(0, 3), [
      "inventory: fan.speed was not measured",
      "spec_validate: no spec_validate here",
      "smart: has not run",
    ]);
    const failed = recordStage(after, resultOf("smart", "error"));
    assert.ok(notCovered(failed).includes("smart: it is error"));
  });

  test("whatever its stages say, ends after each of them ran once, in order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("required", "optional", "skip"), { minLength: 10, maxLength: 10 }),
        fc.array(fc.constantFrom(...VERDICTS), { minLength: 10, maxLength: 10 }),
        (hows, verdicts) => {
          const profile = profileOf((name) => hows[PROFILED_STAGES.indexOf(name)] ?? "skip");
          const run = finishWith(profile, (name) => verdicts[PROFILED_STAGES.indexOf(name)] ?? "pass");
          assert.deepEqual(
            run.results.map((result) => result.stage),
            PROFILED_STAGES,
          );
        },
      ),
    );
  });
});

function finishWith(profile: Profile, verdictOf: (name: ProfiledStageName) => Verdict): RunState {
  let run = startRun(profile);
  for (let next = nextOf(run); next.kind !== "ended"; next = nextOf(run)) {
    if (next.kind === "wait_for_agent") throw new Error("the run waits for an agent");
    if (next.stage === "reporting") return finishReporting(run);
    run = recordStage(run, resultOf(next.stage, verdictOf(next.stage)));
  }
  return run;
}
