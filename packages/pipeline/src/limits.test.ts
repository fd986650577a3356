import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { planPipeline } from "./index.ts";
import { limits } from "./limits.ts";

/** The plan's number of workflows, or the message of the only problem. */
function outcomeOf(content: string): number | string | undefined {
  const result = planPipeline({ path: "ci.yaml", content });
  if (result.ok) return result.plan.workflows.length;
  assert.equal(result.problems.length, 1);
  return result.problems[0]?.message;
}

const times = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index));
const workflows = (count: number) => `workflows:\n${times(count, (i) => `  w${i}: { steps: [run: make] }\n`).join("")}`;
const build = (entries: string) => `workflows: { build: { ${entries} } }`;
const matrix = (...sizes: number[]) =>
  `matrix: { ${sizes.map((size, key) => `k${key}: [${times(size, String).join()}]`).join()} }`;
const steps = (count: number) => `steps: [${times(count, () => "run: make").join()}]`;
const run = (bytes: number) => `steps: [{ run: "${"x".repeat(bytes)}" }]`;
const sized = (bytes: number) => `of commands and variables, aliases and matrices expanded, found ${bytes} bytes`;

suite("what a file may ask for is bounded, and the bound itself is allowed:", () => {
  const rows: [limit: string, allowed: [string, number], refused: [string, string]][] = [
    [
      "bytes of the file",
      [workflows(1).padEnd(limits.fileBytes - 1) + "\n", 1],
      [workflows(1).padEnd(limits.fileBytes) + "\n", "expected a file of at most 1 MiB"],
    ],
    [
      "workflows",
      [workflows(1000), 1000],
      [workflows(1001), "workflows: expected at most 1000 workflows, each cell of a matrix counted, found 1001"],
    ],
    [
      "cells of one matrix",
      [build(`${steps(1)}, ${matrix(16, 16)}`), 256],
      [build(`${steps(1)}, ${matrix(10, 10, 100)}`), "workflows.build.matrix: expected at most 256 cells, found 10000"],
    ],
    [
      "cells of all matrices",
      [`workflows: {${times(4, (i) => `w${i}: { ${steps(1)}, ${matrix(250)} }`).join()}}`, 1000],
      [
        `workflows: {${times(5, (i) => `w${i}: { ${steps(1)}, ${matrix(250)} }`).join()}}`,
        "workflows: expected at most 1000 workflows, each cell of a matrix counted, found 1250",
      ],
    ],
    [
      "steps",
      [build(steps(256)), 1],
      [build(steps(257)), "workflows.build.steps: expected a list of 1 to 256 steps, found a list of 257"],
    ],
    [
      "variables",
      [`env: { ${times(256, (i) => `V${i}: x`).join()} }\n${workflows(1)}`, 1],
      [
        `env: { ${times(257, (i) => `V${i}: x`).join()} }\n${workflows(1)}`,
        "env: expected a mapping of at most 256 variables to values, found a mapping of 257",
      ],
    ],
    [
      "labels",
      [build(`${steps(1)}, labels: { ${times(64, (i) => `l${i}: x`).join()} }`), 1],
      [
        build(`${steps(1)}, labels: { ${times(65, (i) => `l${i}: x`).join()} }`),
        "workflows.build.labels: expected a mapping of at most 64 labels to values, found a mapping of 65",
      ],
    ],
    [
      "characters of a name",
      [`workflows: { ${"a".repeat(63)}: { ${steps(1)} } }`, 1],
      [
        `workflows: { ${"a".repeat(64)}: { ${steps(1)} } }`,
        "workflows: expected a name of 1 to 63 letters, digits, dots, spaces, _ or -, a letter or digit first, " +
          `found "${"a".repeat(60)}…"`,
      ],
    ],
    [
      "characters of a label's value",
      [build(`${steps(1)}, labels: { a: ${"é".repeat(128)} }`), 1],
      [
        build(`${steps(1)}, labels: { a: ${"é".repeat(129)} }`),
        `workflows.build.labels.a: expected one line of 1 to 128 characters, found "${"é".repeat(60)}…"`,
      ],
    ],
    [
      "bytes of a command",
      [build(run(limits.textBytes)), 1],
      [
        build(run(limits.textBytes + 1)),
        "workflows.build.steps[0].run: expected a command or a block of commands of at most 64 KiB, " +
          `found "${"x".repeat(60)}…"`,
      ],
    ],
    [
      "timeouts",
      [build(`${steps(1)}, timeout: 24h`), 1],
      [
        build(`${steps(1)}, timeout: 24h1s`),
        'workflows.build.timeout: expected a duration from 1s to 24h such as 30s, 5m or 1h30m, found "24h1s"',
      ],
    ],
    [
      "waits for an agent",
      [build(`${steps(1)}, queue_timeout: 14d`), 1],
      [
        build(`${steps(1)}, queue_timeout: 14d1s`),
        'workflows.build.queue_timeout: expected a duration from 1s to 14d such as 30m, 12h or 2d, found "14d1s"',
      ],
    ],
    [
      "priorities",
      [build(`${steps(1)}, priority: 100`), 1],
      [
        build(`${steps(1)}, priority: 101`),
        'workflows.build.priority: expected a whole number from -100 to 100, found "101"',
      ],
    ],
    [
      "workflows of a group at once",
      [build(`${steps(1)}, concurrency: { group: a, limit: 1000 }`), 1],
      [
        build(`${steps(1)}, concurrency: { group: a, limit: 1001 }`),
        'workflows.build.concurrency.limit: expected a whole number from 1 to 1000, found "1001"',
      ],
    ],
    [
      "characters of a group",
      [build(`${steps(1)}, concurrency: ${"é".repeat(128)}`), 1],
      [
        build(`${steps(1)}, concurrency: ${"é".repeat(129)}`),
        `workflows.build.concurrency: expected one line of 1 to 128 characters, found "${"é".repeat(60)}…"`,
      ],
    ],
    [
      "retries",
      [build(`${steps(1)}, retry: 10`), 1],
      [build(`${steps(1)}, retry: 11`), 'workflows.build.retry: expected a whole number from 1 to 10, found "11"'],
    ],
  ];
  for (const [limit, [allowed, count], [refused, message]] of rows) {
    test(limit, () => {
      assert.equal(outcomeOf(allowed), count);
      assert.equal(outcomeOf(refused), message);
    });
  }
});

suite("a file made to exhaust the reader is refused for the one reason:", () => {
  const nines = (name: string) => `[${times(9, () => name).join()}]`;
  const lines = times(9, (i) => `a${i + 1}: &a${i + 1} ${nines(`*a${i}`)}\n`).join("");
  const texts = `steps: [&s { run: "${"x".repeat(60_000)}" }, ${times(17, () => "*s").join()}]`;
  const rows: [bomb: string, content: string, message: string][] = [
    [
      "a billion laughs",
      `a0: &a0 ${nines("x")}\n${lines}`,
      "expected at most 200000 values, aliases expanded, found more",
    ],
    ["33 levels", `${"[".repeat(33)}${"]".repeat(33)}`, "expected at most 32 levels of nesting, found more"],
    ["levels beyond any stack", "[".repeat(200_000), "expected at most 32 levels of nesting, found more"],
    ["tokens", "- ".repeat(200_000), "expected at most 300000 YAML tokens, found more"],
    [
      "a matrix beyond numbers",
      build(`${steps(1)}, ${matrix(...Array<number>(200).fill(99))}`),
      "workflows.build.matrix: expected at most 256 cells, found far more",
    ],
    ["a step repeated by aliases", build(texts), `workflows.build: expected at most 1 MiB ${sized(1_081_663)}`],
    [
      "texts repeated by a matrix",
      build(`steps: [&s { run: "${"x".repeat(65_536)}" }, *s], ${matrix(256)}`),
      `workflows: expected at most 16 MiB ${sized(33_960_704)}`,
    ],
  ];
  for (const [bomb, content, message] of rows) {
    test(bomb, () => assert.equal(outcomeOf(content), message));
  }
});

test("of very many problems the first hundred are told, and how many more there are", () => {
  const result = planPipeline({ path: "ci.yaml", content: times(1000, (i) => `key${i}: x\n`).join("") });
  assert.ok(!result.ok);
  assert.equal(result.problems.length, 101);
  assert.deepEqual(result.problems.at(-1), {
    path: "ci.yaml",
    line: 100,
    column: 1,
    message: "901 more problems are not shown",
  });
});

test("of very many cycles the first ten are told", () => {
  const pairs = times(
    50,
    (i) => `  a${i}: { depends_on: b${i}, ${steps(1)} }\n  b${i}: { depends_on: a${i}, ${steps(1)} }\n`,
  );
  const result = planPipeline({ path: "ci.yaml", content: `workflows:\n${pairs.join("")}` });
  assert.ok(!result.ok);
  assert.equal(result.problems.length, 10);
});

test("a cycle of a thousand workflows is told in a dozen names", () => {
  const circle = times(1000, (i) => `  w${i}: { depends_on: w${(i + 1) % 1000}, ${steps(1)} }\n`);
  assert.equal(
    outcomeOf(`workflows:\n${circle.join("")}`),
    "workflows.w999.depends_on: expected no cycle, found w0 → w1 → w2 → w3 → w4 → w5 → … → w996 → w997 → w998 → w999 → w0",
  );
});
