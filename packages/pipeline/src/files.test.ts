import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { checkFiles, formatProblem, planFiles } from "./index.ts";
import { limits } from "./limits.ts";

const steps = "steps: [run: make]";
const problemsOf = (...contents: string[]) =>
  checkFiles(contents.map((content, n) => ({ path: `${n}.yaml`, content }))).map(formatProblem);

suite("the files of one pipeline", () => {
  test("are one plan: workflows wait for those of other files, variables are the file's", () => {
    const files = [
      { path: "a.yaml", content: `env: { A: 1 }\nworkflows: { build: { ${steps} } }` },
      { path: "b.yaml", content: `name: demo\nworkflows: { test: { depends_on: build, ${steps} } }` },
    ];
    const result = planFiles({ files });
    assert.ok(result.ok);
    assert.equal(result.plan.name, "demo");
    assert.deepEqual(
      result.plan.workflows.map(({ name, env, dependsOn }) => [name, env, dependsOn.length]),
      [
        ["build", { A: "1" }, 0],
        ["test", {}, 1],
      ],
    );
  });

  test("are checked together: each problem names its file, in the order given", () => {
    assert.deepEqual(
      problemsOf(
        `workflows: { build: { ${steps} }, lint: { depends_on: tset, ${steps} } }`,
        `workflows: { test: { depends_on: build, ${steps} },\n build: { stesp: x, ${steps} } }`,
      ),
      [
        '0.yaml:1:65: workflows.lint.depends_on: expected the name of a workflow in this pipeline, found "tset"; did you mean "test"?',
        '1.yaml:2:2: workflows: the name "build" is on line 1 of 0.yaml already',
        '1.yaml:2:11: workflows.build: unknown key "stesp"; did you mean "steps"?',
      ],
    );
  });

  test("of which one cannot be read: no name is told missing, for it may be there", () => {
    assert.deepEqual(problemsOf(`workflows: { build: { depends_on: other, ${steps} } }`, "a: [").length, 1);
  });

  test("form no cycle across files", () => {
    const [problem] = problemsOf(
      `workflows: { a: { depends_on: b, ${steps} } }`,
      `workflows: { b: { depends_on: a, ${steps} } }`,
    );
    assert.match(problem ?? "", /expected no cycle, found a → b → a/);
  });

  test("are bounded in number and in size", () => {
    assert.match(problemsOf()[0] ?? "", /expected a pipeline file, found none/);
    assert.match(problemsOf(...Array<string>(limits.files + 1).fill("a: b"))[0] ?? "", /at most 64 files, found 65/);
    assert.match(
      problemsOf(" ".repeat(600_000), " ".repeat(600_000))[0] ?? "",
      /at most 1 MiB together, found 1200000/,
    );
  });
});
