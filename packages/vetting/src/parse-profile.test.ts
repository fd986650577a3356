import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { parseProfile } from "./parse-profile.ts";
import { isGated } from "./profile.ts";
import { builtInProfiles } from "./profiles/built-in.ts";
import { PROFILED_STAGES } from "./stages.ts";

/** A profile of skips, but for the stages given as YAML text. */
function fileWith(stages: Record<string, string>): string {
  const lines = PROFILED_STAGES.map((name) => `  ${name}: ${stages[name] ?? "{ skip: not here }"}`);
  return ["name: small", "stages:", ...lines, ""].join("\n");
}

function problemsOf(content: string): string[] {
  const result = parseProfile({ path: "p.yaml", content });
  if (result.ok) return [];
  return result.problems.map(({ path, line, column, message }) => `${path}:${line}:${column}: ${message}`);
}

/** Seven lists, each of nine times the one before: 9^7 elements when written out. */
function aliasBomb(): string {
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const lines = names.map(
    (name, n) =>
      `${name}: &${name} [${Array(9)
        .fill(n === 0 ? "x" : `*${names[n - 1]}`)
        .join(",")}]`,
  );
  return lines.join("\n");
}

const GATE = '{ metric: a.b, op: "=", value: 0 }';

suite("a profile", () => {
  test("is read with its defaults: required, severity fail, not optional", () => {
    const content = fileWith({ inventory: `{ timeout: 2m, gates: [${GATE}] }` });
    const result = parseProfile({ path: "p.yaml", content });
    assert.ok(result.ok);
    assert.deepEqual(
      result.profile.stages.find((stage) => stage.name === "inventory"),
      {
        name: "inventory",
        required: true,
        timeoutMs: 120_000,
        parameters: {},
        gates: [{ metric: "a.b", op: "=", value: 0, severity: "fail", optional: false }],
      },
    );
  });

  test("has third parties' stages after its own, in the file's order", () => {
    const extra = ["acme.fans", "acme.bmc"].map((name) => `  - { name: ${name}, timeout: 5s, gates: [${GATE}] }`);
    const result = parseProfile({ path: "p.yaml", content: `${fileWith({})}extra_stages:\n${extra.join("\n")}\n` });
    assert.ok(result.ok);
    assert.deepEqual(
      result.profile.stages.slice(-2).map((stage) => [stage.name, isGated(stage) && stage.timeoutMs]),
      [
        ["acme.fans", 5000],
        ["acme.bmc", 5000],
      ],
    );
  });

  const wrongExtras: [yaml: string, told: RegExp][] = [
    [
      `- { name: fans, timeout: 5s, gates: [${GATE}] }`,
      /^p\.yaml:14:\d+: extra_stages\.0\.name: expected a name with a dot/,
    ],
    [`- { name: a.b, timeout: 5s, gates: [] }`, /extra_stages\.0\.gates: expected at least one gate/],
    [`- { name: a.b, timeout: 5s, gates: [${GATE}], command: rm }`, /extra_stages\.0\.command: no such key/],
    [`[${`{ name: a.b, timeout: 5s, gates: [${GATE}] },`.repeat(2)}]`, /extra_stages\.1\.name: a\.b is there twice/],
    ["fans", /extra_stages: .*array/],
  ];
  for (const [yaml, told] of wrongExtras) {
    test(`is refused with ${yaml.slice(0, 60)} among third parties' stages`, () => {
      const [first] = problemsOf(`${fileWith({})}extra_stages:\n  ${yaml}\n`);
      assert.match(first ?? "none", told);
    });
  }

  test("has its stages in a run's order, whatever the file's", () => {
    const lines = PROFILED_STAGES.toReversed().map((name) => `  ${name}: { skip: x }`);
    const result = parseProfile({ path: "p.yaml", content: ["name: p", "stages:", ...lines].join("\n") });
    assert.ok(result.ok);
    assert.deepEqual(
      result.profile.stages.map((stage) => stage.name),
      PROFILED_STAGES,
    );
  });

  test("gets the defaults of a stage's parameters filled", () => {
    const content = fileWith({ cpu_stress: `{ timeout: 1m, parameters: { segments: 9 }, gates: [${GATE}] }` });
    const result = parseProfile({ path: "p.yaml", content });
    assert.ok(result.ok);
    const stage = result.profile.stages.find((stage) => stage.name === "cpu_stress");
    assert.deepEqual(stage !== undefined && isGated(stage) && stage.parameters, {
      segments: 9,
      segment_seconds: 4,
      method: "all",
    });
  });

  test("says how a machine is held that does not pass; unless it does, it is not held", () => {
    const conduct: [text: string, expected: object][] = [
      ["", {}],
      ["hold: false\npower_off: false\n", {}],
      ["hold: {}\n", { hold: { expiresMs: 86_400_000, sshKey: false } }],
      [
        "hold: { expires: 2h, ssh_key: true }\nabsence_limit: 5m\npower_off: true\n",
        { hold: { expiresMs: 7_200_000, sshKey: true }, absenceLimitMs: 300_000, powerOff: true },
      ],
    ];
    for (const [text, expected] of conduct) {
      const result = parseProfile({ path: "p.yaml", content: text + fileWith({}) });
      assert.ok(result.ok);
      const { name: _, description: __, stages: ___, ...rest } = result.profile;
      assert.deepEqual(rest, expected);
    }
  });

  const bad: [name: string, content: string, problem: string | RegExp][] = [
    ["no YAML", "name: [", /^p\.yaml:1:\d+: /],
    ["empty", "", /^p\.yaml:1:1: /],
    ["a list", "- 1", /^p\.yaml:1:1: /],
    [
      "a hold that never ends",
      `hold: { expires: 0s }\n${fileWith({})}`,
      /^p\.yaml:1:9: hold\.expires: expected between/,
    ],
    ["a hold with an unknown key", `hold: { expire: 1h }\n${fileWith({})}`, /1:9: hold\.expire: no such key/],
    ["a hold of another kind", `hold: always\n${fileWith({})}`, /^p\.yaml:1:1: hold: .*expected object/],
    [
      "a missing stage",
      "name: p\nstages:\n  inventory: { skip: x }\n",
      /^p\.yaml:2:1: stages\.smart: smart is missing/m,
    ],
    [
      "an unknown stage",
      fileWith({}) + "  sewing: { skip: x }\n",
      /^p\.yaml:13:3: stages\.sewing: no such stage; known: /,
    ],
    [
      "a skip without a reason",
      fileWith({ gpu: '{ skip: "" }' }),
      "p.yaml:10:10: stages.gpu.skip: expected the reason",
    ],
    ["an unknown key", fileWith({ gpu: "{ skip: x, sikp: y }" }), "p.yaml:10:19: stages.gpu.sikp: no such key"],
    [
      "a stage only the server could run",
      fileWith({ spec_validate: `{ timeout: 1m, gates: [${GATE}] }` }),
      /4:20: stages\.spec_validate\.timeout: no such key/,
    ],
    [
      "no gates",
      fileWith({ memory: "{ timeout: 1m, gates: [] }" }),
      /^p\.yaml:7:26: stages\.memory\.gates: expected at least/,
    ],
    ["no timeout", fileWith({ memory: `{ gates: [${GATE}] }` }), /^p\.yaml:7:3: stages\.memory\.timeout: /],
    [
      "a bare number as timeout",
      fileWith({ memory: `{ timeout: 30, gates: [${GATE}] }` }),
      /stages\.memory\.timeout: /,
    ],
    ["a timeout of nothing", fileWith({ memory: `{ timeout: 0s, gates: [${GATE}] }` }), /expected between 1s and 336h/],
    [
      "an unknown operator",
      fileWith({ memory: '{ timeout: 1m, gates: [{ metric: a.b, op: "~", value: 0 }] }' }),
      /^p\.yaml:7:49: stages\.memory\.gates\.0\.op/,
    ],
    [
      "a value that is no number",
      fileWith({ memory: '{ timeout: 1m, gates: [{ metric: a.b, op: "=", value: x }] }' }),
      /gates\.0\.value/,
    ],
    [
      "a parameter out of range",
      fileWith({ cpu_stress: `{ timeout: 1m, parameters: { segments: 0 }, gates: [${GATE}] }` }),
      /^p\.yaml:6:44: stages\.cpu_stress\.parameters\.segments/,
    ],
    [
      "an option as CPU method",
      fileWith({ cpu_stress: `{ timeout: 1m, parameters: { method: --exec }, gates: [${GATE}] }` }),
      /parameters\.method: expected the name/,
    ],
    ["too long", `#${"x".repeat(300_000)}`, "p.yaml:1:1: longer than 262144 characters"],
    ["a bomb of aliases", aliasBomb(), /^p\.yaml:1:1: /],
  ];
  for (const [name, content, problem] of bad) {
    test(`is refused, with file, line and column: ${name}`, () => {
      const problems = problemsOf(content);
      assert.notEqual(problems.length, 0);
      if (typeof problem === "string") assert.ok(problems.includes(problem), problems.join("\n"));
      else assert.match(problems.join("\n"), problem);
    });
  }

  test("tells all its problems at once", () => {
    assert.equal(problemsOf(fileWith({ gpu: "{ skip: 1 }", psu: "{ skip: 2 }", memory: "3" })).length, 3);
  });

  test("may be any text: nothing is thrown, and every problem has a place", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.tuple(fc.nat(400), fc.string()).map(([at, text]) => fileWith({}).slice(0, at) + text + fileWith({}).slice(at)),
    );
    fc.assert(
      fc.property(text, (content) => {
        const result = parseProfile({ path: "p.yaml", content });
        if (result.ok) return;
        assert.ok(result.problems.length > 0);
        for (const { line, column, message } of result.problems) assert.ok(line >= 1 && column >= 1 && message !== "");
      }),
    );
  });
});

suite("the demo profile", () => {
  const demo = builtInProfiles.get("demo");

  test("runs inventory and CPU stress, both required, and says why it skips the rest", () => {
    const ran = demo?.stages.flatMap((stage) => (isGated(stage) ? [[stage.name, stage.required]] : []));
    assert.deepEqual(ran, [
      ["inventory", true],
      ["cpu_stress", true],
    ]);
  });

  test("takes less than 25 s of stages", () => {
    const stage = demo?.stages.find((stage) => stage.name === "cpu_stress");
    assert.ok(stage !== undefined && isGated(stage));
    const { segments, segment_seconds: seconds } = stage.parameters;
    assert.ok(Number(segments) * Number(seconds) <= 20, "5 s are left for the inventory and the programs' start");
  });
});
