import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { WorkflowStateName } from "../db/schema.ts";
import { planRetry, type Dependency, type Standing } from "./plan-retry.ts";
import { dependencyHolds, hasEnded } from "./rules.ts";

/** A workflow written as "name state parent parent:condition". */
function standing(...lines: string[]): Standing[] {
  return lines.map((line) => {
    const [id = "", state = "", ...parents] = line.split(" ");
    return { id, state: state as WorkflowStateName, parents: parents.map(dependency) };
  });
}

function dependency(text: string): Dependency {
  const [id = "", condition = "success"] = text.split(":");
  return { id, condition: condition as Dependency["condition"] };
}

/** What a retry makes anew, each with what it waits for. */
function retried(failedOnly: boolean, ...lines: string[]): string[] {
  return planRetry(standing(...lines), failedOnly).map(({ of, waitsFor }) =>
    [of, ...waitsFor.map(({ id }) => id)].join(" "),
  );
}

suite("a retry of what failed", () => {
  const table: [string, string[], string[]][] = [
    [
      "takes each way to fail",
      ["a failed", "b timed_out", "c lost", "d canceled", "e succeeded"],
      ["a", "b", "c", "d"],
    ],
    ["takes what was skipped for it, to wait for it", ["a failed", "b skipped a", "c skipped b"], ["a", "b a", "c b"]],
    ["leaves what succeeded to count", ["a succeeded", "b failed a"], ["b"]],
    ["waits for one that still runs", ["a running", "b failed", "c skipped a b"], ["b", "c a b"]],
    ["leaves what was skipped for another reason", ["a succeeded", "b skipped a:failure", "c failed"], ["c"]],
    ["leaves what would be skipped again", ["a succeeded", "b failed", "c skipped a:failure b"], ["b"]],
    [
      "leaves what waits for what is left out",
      ["a succeeded", "b failed", "c skipped a:failure", "d skipped b c"],
      ["b"],
    ],
    ["leaves a clean-up that has run", ["a failed", "b succeeded a:always"], ["a"]],
    ["takes one that failed although it ran for a failure", ["a failed", "b failed a:failure"], ["a", "b a"]],
    ["finds nothing where nothing failed", ["a succeeded", "b skipped a:failure"], []],
  ];
  for (const [what, lines, expected] of table) {
    test(what, () => assert.deepEqual(retried(true, ...lines), expected));
  }
});

test("a retry of all takes all, each to wait for what it depends on", () => {
  assert.deepEqual(retried(false, "a succeeded", "b skipped a:failure", "c failed a b"), ["a", "b a", "c a b"]);
});

const states = ["running", "queued", "succeeded", "failed", "timed_out", "lost", "canceled", "skipped"] as const;
const graphs = fc.array(
  fc.record({
    state: fc.constantFrom(...states),
    parents: fc.array(fc.record({ back: fc.nat(5), condition: fc.constantFrom("success", "failure", "always") })),
  }),
  { maxLength: 8 },
);

test("whatever failed, every one that is retried can run, and every failure is retried", () => {
  fc.assert(
    fc.property(graphs, (sketch) => {
      const all = sketch.map(({ state, parents }, index): Standing => {
        const known = parents.filter(({ back }) => back < index);
        return {
          id: String(index),
          state,
          parents: known.map(({ back, condition }) => ({ id: String(index - 1 - back), condition })),
        };
      });
      const retrials = planRetry(all, true);
      const chosen = new Set(retrials.map(({ of }) => of));
      for (const { id, state, parents } of all) {
        const failed = hasEnded(state) && state !== "succeeded" && state !== "skipped";
        if (failed) assert.ok(chosen.has(id));
        if (!chosen.has(id) || failed) continue;
        assert.equal(state, "skipped");
        for (const parent of parents) {
          const stands = all[Number(parent.id)]?.state ?? "queued";
          assert.ok(chosen.has(parent.id) || !hasEnded(stands) || dependencyHolds(parent.condition, stands));
        }
      }
      for (const { of, waitsFor, decided } of retrials) {
        assert.equal(waitsFor.length + decided.length, all[Number(of)]?.parents.length);
      }
    }),
  );
});
