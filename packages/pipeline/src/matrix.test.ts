import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planPipeline } from "./index.ts";
import { build, proveProblems } from "./problem-table.ts";

suite("the cells of a matrix:", () => {
  const rows: [matrix: string, cells: string[]][] = [
    ["{ a: [1, 2], exclude: [{ a: 1 }] }", ["a=2"]],
    ["{ a: [1, 2], b: [x, y], exclude: [{ a: 1, b: x }, { a: 2, b: y }] }", ["a=1, b=y", "a=2, b=x"]],
    ["{ include: [{ a: 1 }, { a: 2, b: x }] }", ["a=1", "a=2, b=x"]],
    ["{ a: [1, 2], include: [{ a: 2, b: x }] }", ["a=1", "a=2, b=x"]],
    ["{ a: [1, 2], include: [{ b: x }] }", ["a=1, b=x", "a=2, b=x"]],
    ["{ a: [1], include: [{ a: 3 }] }", ["a=1", "a=3"]],
    ["{ a: [1, 2], exclude: [{ a: 2 }], include: [{ a: 2, b: x }] }", ["a=1", "a=2, b=x"]],
    ["{ a: [1], include: [{ b: x }, { b: y }] }", ["a=1, b=y"]],
  ];
  for (const [matrix, cells] of rows) {
    test(matrix, () => {
      const result = planPipeline({ path: "ci.yaml", content: build(`matrix: ${matrix}`) });
      assert.ok(result.ok, JSON.stringify(result));
      assert.deepEqual(
        result.plan.workflows.map(({ name }) => name),
        cells.map((cell) => `build (${cell})`),
      );
      const [first] = result.plan.workflows;
      assert.deepEqual(Object.values(first?.env ?? {}), Object.values(first?.matrix ?? {}));
    });
  }
});

proveProblems("a matrix that cannot be meant is told:", [
  [
    "10,000 cells, however many are excluded",
    build(
      `matrix: { a: [${Array.from({ length: 100 }, (_, n) => n).join()}], b: [${Array.from({ length: 100 }, (_, n) => n).join()}], exclude: [{ a: 1 }] }`,
    ),
    ["1:51: workflows.build.matrix: expected at most 256 cells, found 10000"],
  ],
  [
    "nothing left",
    build("matrix: { a: [1], exclude: [{ a: 1 }] }"),
    ["1:51: workflows.build.matrix: expected a cell that is not excluded, found none"],
  ],
  [
    "a cell twice",
    build("matrix: { include: [{ a: 1 }, { a: 1 }] }"),
    ['1:51: workflows.build.matrix: the cell "(a=1)" is on line 1 already'],
  ],
  [
    "exclusions of what is not there",
    build("matrix: { node: [24], exclude: [{ nod: 24 }, { node: 42 }] }"),
    [
      '1:77: workflows.build.matrix.exclude[0]: expected a key of this matrix, found "nod"; did you mean "node"?',
      '1:96: workflows.build.matrix.exclude[1].node: expected a value of this matrix, found "42"; did you mean "24"?',
    ],
  ],
  [
    "keys that share a variable",
    build("matrix: { a-b: [1], include: [{ A_b: 1 }] }"),
    ['1:53: workflows.build.matrix: the variable "MATRIX_A_B" is on line 1 already'],
  ],
]);
