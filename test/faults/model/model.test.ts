import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { explore, type Exploration } from "./explore.ts";
import { GUARDS, type Guards } from "./guards.ts";
import { judgeOf } from "./judge.ts";
import { keyOf } from "./key.ts";
import { MUTANTS } from "./mutants.ts";
import { SCENARIOS, type Scenario } from "./scenario.ts";
import { initialState, type State } from "./state.ts";
import { stepsFrom, type Step } from "./steps.ts";

/** Goes through all that can happen in a scenario under these guards. */
function run(scenario: Scenario, guards: Guards, look: (step: Step) => void = () => {}): Exploration {
  const server = { scenario, guards };
  const judge = judgeOf(server);
  return explore({
    initial: initialState(scenario),
    stepsFrom: (state: State) => stepsFrom(state, server),
    keyOf,
    judge: (before, step: Step) => {
      look(step);
      return judge(before, step);
    },
  });
}

/** Every way that a workflow can go in these scenarios: from where, to where, and why. */
const WAYS = [
  "queued leased null",
  "leased running null",
  "leased queued grant_lost",
  "leased queued agent_lost",
  "leased queued agent_restarted",
  "leased canceled canceled",
  "running succeeded completed",
  "running failed step_failed",
  "running blocked step_failed",
  "running queued agent_lost",
  "running queued agent_restarted",
  "running queued handed_back",
  "running canceled canceled",
  "running lost agent_lost",
  "running lost agent_restarted",
  "blocked queued null",
  "blocked skipped dependency",
  "blocked canceled canceled",
  "queued canceled canceled",
];

/** How each workflow got where it is, such as "running queued agent_lost". */
function wayOf({ state }: Step): string[] {
  return state.db.histories.flatMap((history) => {
    const last = history.at(-1);
    return last?.kind === "transition" ? [`${last.from} ${last.to} ${last.reason}`] : [];
  });
}

suite("the lease protocol, whatever gets lost, comes late, comes twice or dies", () => {
  const ways = new Set<string>();

  for (const scenario of SCENARIOS) {
    test(`${scenario.name}, with ${scenario.disturbances.join(" and ")}: keeps its promises in every state`, () => {
      const look = (step: Step): void => wayOf(step).forEach((way) => ways.add(way));
      assert.equal(run(scenario, GUARDS, look).counterexample, undefined);
    });
  }

  test("all of this was seen to happen", () => {
    assert.deepEqual(
      WAYS.filter((way) => !ways.has(way)),
      [],
    );
  });
});

suite("the lease protocol without one of its guards", () => {
  for (const { without, shownBy, breaks, guards } of MUTANTS) {
    test(`without ${without}, breaks ${breaks.join(" or ")}`, () => {
      const scenario = SCENARIOS.find(({ name }) => name === shownBy);
      assert.ok(scenario);
      const { counterexample } = run(scenario, guards);
      const broken = counterexample?.violations.map((violation) => violation.replace(/:.*/s, "")) ?? [];
      assert.ok(
        broken.some((invariant) => breaks.includes(invariant)),
        `${broken.join()} after\n${counterexample?.steps.join("\n")}`,
      );
    });
  }
});
