import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { checkExpression, evaluateExpression, ExpressionError, type ExpressionScope } from "./index.ts";

const scope: ExpressionScope = {
  steps: { "unit tests": { status: "failure", outputs: { version: "1.10" } } },
  workflows: { build: { status: "success", outputs: { image: "app:1" } } },
  matrix: { node: "26" },
  event: "push",
  branch: "release/2",
  tag: "",
  parameters: { target: "staging" },
  status: "failure",
  hashFiles: (patterns) => `hash of ${patterns.join(" and ")}`,
};

suite("an expression has the value that CEL gives it:", () => {
  const rows: [text: string, value: unknown][] = [
    ["success()", false],
    ["failure() && !canceled()", true],
    ["always()", true],
    ['steps["unit tests"].status == "failure"', true],
    ['steps["unit tests"].outputs.version', "1.10"],
    ["workflows.build.outputs.image", "app:1"],
    ['event == "push" && branch.startsWith("release/")', true],
    ['tag == "" ? "none" : tag', "none"],
    ['"node-" + matrix.node', "node-26"],
    ["has(parameters.target) && !has(parameters.other)", true],
    ['branch.matches("^release/[0-9]+$")', true],
    ['event in ["push", "tag"]', true],
    ["size(parameters)", 1],
    ['["a", "b"].exists(each, each == "b")', true],
    ['"npm-" + hashFiles("package-lock.json", "*.lock")', "npm-hash of package-lock.json and *.lock"],
    ["branch.upperAscii()", "RELEASE/2"],
  ];
  for (const [text, value] of rows) {
    test(text, () => {
      assert.equal(checkExpression(text), undefined);
      assert.equal(evaluateExpression(text, scope), value);
    });
  }
});

suite("what is no expression is told before anything runs:", () => {
  const rows: [text: string, wrong: RegExp][] = [
    ["", /^not valid CEL at its character 1, at end of input$/],
    ["branch ==", /^not valid CEL at its character 8, at =$/],
    ["github.ref", /^unknown name "github"; there are steps, workflows, matrix/],
    ["brnach", /^unknown name "brnach"; did you mean "branch"\?$/],
    ["sucess()", /^unknown function "sucess"; did you mean "success"\?$/],
    ['branch.replace("a", "b")', /^unknown function "replace"/],
    ["(".repeat(600), /^it is nested too deeply$/],
    [`"${"x".repeat(1100)}"`, /^it has 1102 characters, at most 1024 are allowed$/],
    ["[1].all(a, [1].all(b, [1].all(c, true)))", /^it goes over lists 3 times, at most 2 are allowed$/],
  ];
  for (const [text, wrong] of rows) {
    test(text.slice(0, 40), () => {
      assert.match(checkExpression(text) ?? "", wrong);
      assert.throws(() => evaluateExpression(text, scope), ExpressionError);
    });
  }
});

suite("what has no value is an ExpressionError:", () => {
  const rows: [text: string, message: RegExp][] = [
    ["parameters.other", /field not found: other/],
    ["parameters.constructor", /field not found: constructor/],
    ["matrix.node + 1", /no matching overload/],
    ["1 / 0", /divide by zero/],
    ["parameters", /several parts/],
    ["null", /several parts or none/],
    ['branch.matches("(")', /./],
  ];
  for (const [text, message] of rows) {
    test(text, () => assert.throws(() => evaluateExpression(text, scope), { name: "ExpressionError", message }));
  }

  test("the hash of files where there are none", () => {
    const { hashFiles: _, ...planning } = scope;
    assert.throws(() => evaluateExpression('hashFiles("a")', planning), ExpressionError);
  });
});

test("no text makes an expression throw anything else", () => {
  const unit = fc.constantFrom(
    "branch",
    "steps",
    ".",
    "[",
    "]",
    "(",
    ")",
    "'",
    '"',
    " + ",
    " == ",
    "1",
    "&&",
    "!",
    "has",
    "\\",
    "matches",
    "{",
    "}",
    ":",
    "?",
    "all",
    ",",
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
      try {
        evaluateExpression(text, scope);
      } catch (error) {
        assert.ok(error instanceof ExpressionError, String(error));
        assert.match(error.message, /^[^\p{Cc}]+$/u);
      }
    }),
    { numRuns: 60 },
  );
});
