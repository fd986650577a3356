import type { DependencyCondition, RetryPlan } from "@groundcrew/pipeline";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  decideChild,
  decideDone,
  decideEnd,
  decideRelease,
  decideWithheld,
  dependencyHolds,
  fence,
  MAX_LOSSES,
  placeOf,
  TERMINAL_STATES,
  type Ending,
  type TerminalState,
  type WorkflowFacts,
} from "./rules.ts";

const running: WorkflowFacts = {
  state: "running",
  cancelRequested: false,
  onAgentLost: "requeue",
  losses: 0,
  retries: 0,
  retry: null,
};

const retry: RetryPlan = { max: 3, backoffMs: 1_000, backoffMaxMs: 3_000, on: ["failed", "lost"] };
const failed: Ending = { state: "failed", reason: "step_failed", error: "exit code 1" };
const succeeded: Ending = { state: "succeeded", reason: "completed", error: "" };

suite("the fence", () => {
  const stored = { epoch: "7", agentId: "a" };
  const said: [string, Parameters<typeof fence>[1], ReturnType<typeof fence>][] = [
    ["the newest epoch, by its agent", { epoch: "7", agentId: "a" }, "ours"],
    ["an older epoch", { epoch: "6", agentId: "a" }, "stale"],
    ["an epoch that was never given", { epoch: "8", agentId: "a" }, "stale"],
    ["another agent's lease", { epoch: "7", agentId: "b" }, "stale"],
  ];
  for (const [what, named, expected] of said) {
    test(`takes ${what} for ${expected}`, () => assert.equal(fence(stored, named), expected));
  }
  test("takes a workflow that is not there for stale", () => assert.equal(fence(undefined, stored), "stale"));
});

suite("Done", () => {
  for (const ending of [succeeded, failed]) {
    test(`ends ${ending.state} as the agent says`, () =>
      assert.deepEqual(decideDone(running, ending), { kind: "end", ...ending }));
  }

  test("loses against a cancel that came first, whatever it says", () => {
    for (const said of [succeeded, failed, { state: "queued" } as const]) {
      const change = decideDone({ ...running, cancelRequested: true, retry }, said);
      assert.deepEqual(change, { kind: "end", state: "canceled", reason: "canceled", error: "" });
    }
  });

  test("with QUEUED hands back, which is no loss", () => {
    const change = decideDone({ ...running, losses: MAX_LOSSES - 1 }, { state: "queued" });
    assert.partialDeepStrictEqual(change, { kind: "requeue", reason: "handed_back", losses: MAX_LOSSES - 1 });
  });
});

suite("a lost agent's workflow", () => {
  /** Where it stands, its policy, its losses, and what becomes of it. */
  const cases: [WorkflowFacts["state"], WorkflowFacts["onAgentLost"], number, string][] = [
    ["leased", "requeue", 0, "requeue"],
    ["leased", "fail", 0, "requeue"],
    ["leased", "resume", 99, "requeue"],
    ["running", "requeue", 0, "requeue"],
    ["running", "resume", 0, "requeue"],
    ["running", "fail", 0, "lost"],
    ["running", "requeue", MAX_LOSSES - 1, "lost"],
    ["running", "resume", MAX_LOSSES - 1, "lost"],
  ];
  for (const [state, onAgentLost, losses, expected] of cases) {
    test(`${state}, on_agent_lost ${onAgentLost}, lost ${losses} times before: ${expected}`, () => {
      const change = decideRelease({ ...running, state, onAgentLost, losses }, "agent_lost");
      assert.equal(change.kind === "end" ? change.state : change.kind, expected);
      if (change.kind === "requeue") assert.equal(change.losses, losses + (state === "running" ? 1 : 0));
    });
  }

  test("is canceled when that was asked for", () => {
    const change = decideRelease({ ...running, cancelRequested: true }, "agent_lost");
    assert.partialDeepStrictEqual(change, { kind: "end", state: "canceled" });
  });
});

suite("a retry policy", () => {
  const tried: [string, Partial<WorkflowFacts>, Ending, string][] = [
    ["tries again what it names", { retry }, failed, "retry_later"],
    ["leaves a success", { retry }, succeeded, "end"],
    ["leaves what it does not name", { retry }, { ...failed, state: "timed_out" }, "end"],
    [
      "leaves an agent's fault, which is a failure of another kind",
      { retry },
      { ...failed, reason: "agent_error" },
      "end",
    ],
    ["gives up when its retries are used", { retry, retries: 3 }, failed, "end"],
    ["tries at once without a pause", { retry: { ...retry, backoffMs: 0 } }, failed, "requeue"],
    ["changes nothing where there is none", {}, failed, "end"],
  ];
  for (const [what, facts, ending, expected] of tried) {
    test(what, () => assert.equal(decideEnd({ ...running, ...facts }, ending).kind, expected));
  }

  for (const [retries, pauseMs] of [
    [0, 1_000],
    [1, 2_000],
    [2, 3_000],
  ] as const) {
    test(`pauses ${pauseMs} ms before retry ${retries + 1}, and counts it`, () => {
      const change = decideEnd({ ...running, retry, retries }, failed);
      assert.partialDeepStrictEqual(change, { kind: "retry_later", pauseMs, retries: retries + 1 });
    });
  }

  test("tries again what was lost for good, where it says so", () => {
    const change = decideRelease({ ...running, retry, onAgentLost: "fail" }, "agent_lost");
    assert.partialDeepStrictEqual(change, { kind: "retry_later", reason: "agent_lost" });
  });
});

suite("a dependency", () => {
  const holds: Record<DependencyCondition, TerminalState[]> = {
    success: ["succeeded"],
    failure: ["failed", "timed_out", "lost"],
    always: [...TERMINAL_STATES],
  };
  for (const condition of ["success", "failure", "always"] as const) {
    for (const parent of TERMINAL_STATES) {
      const expected = holds[condition].includes(parent);
      test(`on ${condition}, parent ${parent}: ${expected ? "holds" : "does not hold"}`, () =>
        assert.equal(dependencyHolds(condition, parent), expected));
    }
  }

  const good = { condition: "success", parent: "succeeded" } as const;
  const bad = { condition: "success", parent: "failed" } as const;
  const children: [string, number, (typeof good | typeof bad)[], ReturnType<typeof decideChild>][] = [
    ["waits while a parent has not ended", 2, [good], { kind: "wait", parentsLeft: 1 }],
    ["is ready after the last", 1, [good], { kind: "ready" }],
    ["is ready after all at once", 2, [good, good], { kind: "ready" }],
    ["is skipped after one that ended otherwise", 3, [good, bad], { kind: "skip" }],
  ];
  for (const [what, left, ended, expected] of children) {
    test(`a child ${what}`, () => assert.deepEqual(decideChild(left, ended), expected));
  }
});

suite("a workflow that is withheld from its agent", () => {
  const leased: WorkflowFacts = { ...running, state: "leased", retry };
  test("fails with the reason, and is not tried again", () => {
    const error = "no secret";
    const end = { kind: "end", state: "failed", reason: "secret_unavailable", error };
    assert.deepEqual(decideWithheld(leased, error), end);
  });

  test("ends canceled where somebody asked for that", () => {
    assert.partialDeepStrictEqual(decideWithheld({ ...leased, cancelRequested: true }, ""), { state: "canceled" });
  });
});

suite("what keeps a workflow that nobody runs", () => {
  const order = ["dependent", "unapproved", "delayed", "grouped"] as const;
  const reasons = { dependent: "dependency", unapproved: "approval", delayed: "delay", grouped: "limit" } as const;
  for (let bits = 0; bits < 2 ** order.length; bits++) {
    const [dependent, unapproved, delayed, grouped] = order.map((_, index) => (bits & (1 << index)) !== 0);
    const obstacles = { dependent, unapproved, delayed, grouped } as Parameters<typeof placeOf>[0];
    const first = order.find((each) => obstacles[each]);
    const what = order.filter((each) => obstacles[each]).join(", ") || "nothing";
    test(`${what}: ${first ? reasons[first] : "queued"}`, () => {
      const blocked = first && { state: "blocked", reason: reasons[first] };
      assert.deepEqual(placeOf(obstacles), blocked ?? { state: "queued", reason: null });
    });
  }
});
