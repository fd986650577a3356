import type { ExpressionScope } from "@groundcrew/pipeline";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decideStep, isCleanUp } from "./decide-step.ts";

const STATUSES = ["success", "failure", "canceled"] as const;

function scope(status: ExpressionScope["status"]): ExpressionScope {
  const nothing = { steps: {}, workflows: {}, matrix: {}, parameters: {} };
  return { ...nothing, event: "push", branch: "main", tag: "", status };
}

function decide(condition: string, always: boolean, status: ExpressionScope["status"], stopped: boolean): string {
  return decideStep({ condition, always }, { status, stopped, scope: () => scope(status) }).kind;
}

// What a condition lets through, by how it went so far. Stopped: by a cancel, or by the workflow's timeout (failure).
type Row = [condition: string, always: boolean, going: Record<(typeof STATUSES)[number], boolean>, cleansUp: boolean];

const only = (...statuses: string[]) => ({
  success: statuses.includes("success"),
  failure: statuses.includes("failure"),
  canceled: statuses.includes("canceled"),
});

const ROWS: Row[] = [
  ["", false, only("success"), false],
  ["success()", false, only("success"), false],
  ["failure()", false, only("failure"), false],
  ["canceled()", false, only("canceled"), true],
  ["always()", false, only(...STATUSES), true],
  ["!success()", false, only("failure", "canceled"), false],
  ['branch == "main"', false, only("success"), false],
  ['branch == "other"', false, only(), false],
  ['branch == "main" && failure()', false, only("failure"), false],
  ['branch == "always()"', false, only(), false],
  ["", true, only(...STATUSES), true],
  ["failure()", true, only("failure"), true],
  ['branch == "main"', true, only(...STATUSES), true],
  ['branch == "other"', true, only(), true],
];

suite("whether a step runs", () => {
  for (const [condition, always, runs, cleansUp] of ROWS) {
    const name = `${always ? "always, " : ""}${condition === "" ? "without a condition" : condition}`;
    for (const status of STATUSES) {
      test(`${name}, after ${status}`, () => {
        assert.equal(decide(condition, always, status, false), runs[status] ? "run" : "skip");
        assert.equal(decide(condition, always, status, true), runs[status] && cleansUp ? "run" : "skip");
      });
    }
    test(`${name} is ${cleansUp ? "a" : "no"} clean-up`, () => {
      assert.equal(isCleanUp({ condition, always }), cleansUp);
    });
  }
});

suite("a condition that cannot be told fails its step", () => {
  const conditions: [condition: string, message: RegExp][] = [
    ["steps.nobody.status", /^if: steps\.nobody\.status: /],
    ["branch", /^if: branch: expected true or false, found string$/],
    ["1 +", /^if: 1 \+: /],
  ];
  for (const [condition, message] of conditions) {
    test(condition, () => {
      const standing = { status: "success", stopped: false, scope: () => scope("success") } as const;
      const decision = decideStep({ condition, always: false }, standing);
      assert.ok(decision.kind === "refuse");
      assert.match(decision.message, message);
    });
  }
});
