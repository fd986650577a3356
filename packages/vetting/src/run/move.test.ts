import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import type { StageResult } from "../evaluate.ts";
import type { Profile, StageProfile } from "../profile.ts";
import { newRun, nextOf, notCovered, startRun } from "../run.ts";
import { isAgentStage, PROFILED_STAGES, type ProfiledStageName } from "../stages.ts";
import type { Verdict } from "../verdict.ts";
import type { RunEvent, RunEventKind } from "./event.ts";
import { move, RunConflict, TAKEN } from "./move.ts";
import { phaseOf, type RunPhase, type RunState } from "./state.ts";
import { overallVerdict } from "./verdict.ts";

const WHO = { by: "ada", at: "2026-01-01T00:00:00.000Z" };

/** Runs inventory, smart and cpu_stress, the last of which is optional; skips the rest; holds unless told otherwise. */
function profileOf({ hold = { expiresMs: 1000, sshKey: false } }: { hold?: Profile["hold"] | null } = {}): Profile {
  const stages = PROFILED_STAGES.map((name): StageProfile => {
    if (!isAgentStage(name) || !["inventory", "smart", "cpu_stress"].includes(name)) return { name, skip: "not here" };
    const gate = { metric: "m", op: "=", value: 0, severity: "fail", optional: false } as const;
    return { name, required: name !== "cpu_stress", timeoutMs: 1000, parameters: {}, gates: [gate] };
  });
  return { name: "test", description: "", ...(hold && { hold }), stages };
}

function resultOf(stage: ProfiledStageName, verdict: Verdict): StageResult {
  return { stage, verdict, reasons: verdict === "pass" ? [] : [`${stage} is ${verdict}`], gates: [] };
}

function judged(stage: ProfiledStageName, verdict: Verdict): RunEvent {
  return { kind: "judged", result: resultOf(stage, verdict) };
}

function after(...events: RunEvent[]): RunState {
  return events.reduce(move, newRun(profileOf()));
}

const CLAIM: RunEvent = { kind: "claimed" };
const HELD: RunEvent[] = [CLAIM, judged("inventory", "fail")];
const WAIVE: RunEvent = { kind: "waive", reason: "known", ...WHO };
const REJECT: RunEvent = { kind: "reject", reason: "dead", ...WHO };
const REPORTED: RunEvent = { kind: "reported" };
const GOOD: RunEvent[] = [CLAIM, judged("inventory", "pass"), judged("smart", "pass"), judged("cpu_stress", "pass")];

function retry(stage: ProfiledStageName, destroyData: string[] = []): RunEvent {
  return { kind: "retry", stage, destroyData, confirmSignatures: [], ...WHO };
}

/** Every state that a run can be in, by the events that lead there. */
const STATES: Record<string, RunEvent[]> = {
  waiting: [],
  inventory: [CLAIM],
  smart: GOOD.slice(0, 2),
  cpu_stress: GOOD.slice(0, 3),
  reporting: GOOD,
  holding: HELD,
  passed: [...GOOD, REPORTED],
  failed: [...HELD, REJECT, REPORTED],
  canceled: [CLAIM, { kind: "cancel" }],
  aborted: [CLAIM, { kind: "abort" }],
};

/** What each event makes of each state; no word: it is refused, and nothing changes. */
const MOVES: Record<string, Partial<Record<RunEventKind, string>>> = {
  waiting: { claimed: "inventory", cancel: "canceled", abort: "aborted" },
  inventory: { claimed: "inventory", judged: "holding", interrupted: "holding", cancel: "canceled", abort: "aborted" },
  smart: { claimed: "smart", judged: "holding", interrupted: "holding", cancel: "canceled", abort: "aborted" },
  // It is optional: that it failed holds nothing.
  cpu_stress: {
    claimed: "cpu_stress",
    judged: "reporting",
    interrupted: "reporting",
    cancel: "canceled",
    abort: "aborted",
  },
  reporting: { claimed: "reporting", reported: "passed", cancel: "canceled", abort: "aborted" },
  holding: {
    claimed: "holding",
    retry: "inventory",
    waive: "reporting",
    reject: "reporting",
    hold_expired: "reporting",
    cancel: "canceled",
    abort: "aborted",
  },
  passed: {},
  failed: {},
  canceled: {},
  aborted: {},
};

/** An event of each kind; results are bad ones of the stage that the run is at. */
function eventsFor(state: string): RunEvent[] {
  const stage = PROFILED_STAGES.find((name) => name === state) ?? "inventory";
  const interrupted = { kind: "interrupted", cause: "unexpected_reboot", detail: "the boot id changed" } as const;
  const ends = [{ kind: "hold_expired" }, { kind: "cancel" }, { kind: "abort" }] as const;
  return [CLAIM, judged(stage, "fail"), interrupted, REPORTED, retry("inventory"), WAIVE, REJECT, ...ends];
}

suite("every state against every event", () => {
  for (const [state, path] of Object.entries(STATES)) {
    const run = after(...path);
    test(`${state} is where its events lead`, () => assert.equal(run.at, state));

    for (const event of eventsFor(state)) {
      const to = MOVES[state]?.[event.kind];
      test(`${state}: ${event.kind} ${to === undefined ? "is refused" : `leads to ${to}`}`, () => {
        const before = structuredClone(run);
        if (to === undefined) assert.throws(() => move(run, event), RunConflict);
        else assert.equal(move(run, event).at, to);
        assert.deepEqual(run, before, "a move makes a new run");
        const phase: RunPhase = phaseOf(run);
        assert.equal(TAKEN[phase].includes(event.kind), to !== undefined, "the table says the same");
      });
    }
  }

  test("has an event of each kind, and each state in the table of moves", () => {
    const kinds = new Set(eventsFor("inventory").map(({ kind }) => kind));
    assert.deepEqual(kinds, new Set(Object.values(TAKEN).flat()));
    assert.deepEqual(Object.keys(STATES), Object.keys(MOVES));
  });
});

suite("a hold", () => {
  const bad: Verdict[] = ["fail", "error", "timed_out", "canceled", "skip"];
  for (const verdict of bad) {
    test(`is what a required stage leads to that is ${verdict}`, () => {
      const run = after(CLAIM, judged("inventory", verdict));
      assert.deepEqual(nextOf(run), {
        kind: "hold",
        stage: "inventory",
        reason: `${verdict}: inventory is ${verdict}`,
      });
    });
    test(`is not what a profile that does not hold makes of ${verdict}: it goes on, and cannot pass`, () => {
      let run = startRun(profileOf({ hold: null }));
      run = move(run, judged("inventory", verdict));
      assert.equal(run.at, "smart");
      run = [judged("smart", "pass"), judged("cpu_stress", "pass"), REPORTED].reduce(move, run);
      assert.equal(run.at, "failed");
    });
  }

  test("that is waived ends passed, with a warning, and says what has not run", () => {
    const run = after(...HELD, WAIVE);
    assert.equal(overallVerdict(run), "warn");
    assert.deepEqual(run.acts, [WAIVE]);
    assert.equal(move(run, REPORTED).at, "passed");
    assert.ok(notCovered(run).includes("smart: has not run"));
    assert.ok(notCovered(run).includes("gpu: not here"));
  });

  test("that is rejected ends failed, and one that expires too", () => {
    assert.equal(overallVerdict(after(...HELD, REJECT)), "fail");
    assert.equal(after(...HELD, REJECT, REPORTED).at, "failed");
    assert.equal(after(...HELD, { kind: "hold_expired" }, REPORTED).at, "failed");
    const error = after(CLAIM, judged("inventory", "error"), { kind: "hold_expired" }, REPORTED);
    assert.deepEqual([error.at, overallVerdict(error)], ["failed", "error"]);
  });

  test("ends with a retry, which replaces the stage's result and keeps what it said", () => {
    const run = after(...HELD, retry("inventory"));
    assert.equal(nextOf(run).kind, "run_stage");
    assert.equal(run.held, undefined);
    assert.ok(run.results.every(({ stage }) => stage !== "inventory"));
    const replaced = { verdict: "fail", reasons: ["inventory is fail"] };
    assert.deepEqual(run.acts, [
      { kind: "retry", stage: "inventory", destroyData: [], confirmSignatures: [], replaced, ...WHO },
    ]);
    const good = move(run, judged("inventory", "pass"));
    assert.equal(good.at, "smart");
    assert.equal(move(run, judged("inventory", "fail")).at, "holding");
  });

  test("is held again after a retry of another stage: what did not pass still has not", () => {
    const held = after(CLAIM, judged("inventory", "pass"), judged("smart", "fail"));
    const again = [retry("inventory"), judged("inventory", "pass")].reduce(move, held);
    assert.deepEqual([again.at, again.held?.stage], ["holding", "smart"]);
    assert.deepEqual(
      again.results.map(({ stage }) => stage),
      ["inventory", "spec_validate", "smart"],
    );
  });

  test("allows no retry of what has not run, or is not to run", () => {
    assert.throws(() => after(...HELD, retry("smart")), /smart has not run yet/);
    const held = after(CLAIM, judged("inventory", "pass"), judged("smart", "fail"));
    assert.throws(() => move(held, retry("spec_validate")), /skipped by the profile: not here/);
  });

  test("gives its overrides to one run of the stage", () => {
    const run = after(...HELD, retry("inventory", ["S1"]));
    assert.deepEqual(run.overrides, { destroyData: ["S1"], confirmSignatures: [] });
    assert.equal(move(run, judged("inventory", "pass")).overrides, undefined);
  });
});

suite("a machine that went away", () => {
  const reboot: RunEvent = { kind: "interrupted", cause: "unexpected_reboot", detail: "boot id a, now b" };
  const hung: RunEvent = { kind: "interrupted", cause: "hung", detail: "not heard of for 30 min" };

  test("fails its stage", () => {
    assert.deepEqual(after(CLAIM, reboot).results[0]?.reasons, ["unexpected reboot: boot id a, now b"]);
    assert.equal(after(CLAIM, hung).results[0]?.verdict, "fail");
  });

  test("and is back goes on, where its profile does not hold", () => {
    assert.equal(move(startRun(profileOf({ hold: null })), reboot).at, "smart");
  });

  test("and stays away ends its run, or waits for an operator even in an optional stage", () => {
    assert.equal(move(startRun(profileOf({ hold: null })), hung).at, "reporting");
    const optional = after(...GOOD.slice(0, 3), hung);
    assert.deepEqual([optional.at, optional.held?.stage], ["holding", "cpu_stress"]);
  });
});

test("whatever happens, a run with a required stage that did not pass never ends passed but by a waiver", () => {
  const verdict = fc.constantFrom<Verdict>("pass", "warn", "fail", "error", "canceled", "timed_out");
  const kinds = fc.constantFrom<RunEventKind>("claimed", "judged", "interrupted", "reported", "retry", "hold_expired");
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.tuple(kinds, verdict), { maxLength: 30 }), (holds, steps) => {
      let run = newRun(profileOf(holds ? {} : { hold: null }));
      for (const [kind, verdict] of steps) {
        const events = eventsFor(run.at).map((event) =>
          event.kind === "judged" ? judged(event.result.stage, verdict) : event,
        );
        const event = events.find((one) => one.kind === kind);
        if (event && TAKEN[phaseOf(run)].includes(kind)) run = move(run, event);
      }
      if (run.at !== "passed") return;
      const required = run.results.filter(({ stage }) => stage === "inventory" || stage === "smart");
      assert.equal(required.length, 2);
      assert.ok(required.every(({ verdict }) => verdict === "pass" || verdict === "warn"));
    }),
  );
});
