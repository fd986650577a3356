import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { SaxesParser } from "saxes";
import { checkOcpRules } from "../ocp/testing.ts";
import { cancelRun, startRun } from "../run.ts";
import type { Verdict } from "../verdict.ts";
import type { ReportInput } from "./input.ts";
import { renderJunit } from "./junit.ts";
import { renderOcp } from "./ocp.ts";
import { NOON, reportInput } from "./testing.ts";

/** A run whose cpu_stress ended with this verdict. */
function endedWith(verdict: Verdict, reasons: string[] = [`it is ${verdict}`]): ReportInput {
  const input = reportInput();
  const results = input.run.results.map((result) =>
    result.stage === "cpu_stress" ? { ...result, verdict, reasons } : result,
  );
  return {
    ...input,
    run: { ...input.run, at: verdict === "pass" || verdict === "warn" ? "passed" : "failed", results },
  };
}

interface Artifact {
  testRunArtifact?: { testRunStart?: { dutInfo: object }; testRunEnd?: object };
  testStepArtifact?: { testStepId: string; testStepEnd?: { status: string } } & Record<string, unknown>;
}

function records(input: ReportInput): Artifact[] {
  const text = renderOcp(input);
  checkOcpRules(text);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Artifact);
}

suite("a run as OCP output 2.0", () => {
  const all = records(reportInput());
  const ofStep = (step: string) =>
    all.flatMap((one) => (one.testStepArtifact?.testStepId === step ? [one.testStepArtifact] : []));

  test("keeps the specification's rules, and has a step for each stage", () => {
    const ended = all.flatMap(({ testStepArtifact: step }) =>
      step?.testStepEnd ? [`${step.testStepId} ${step.testStepEnd.status}`] : [],
    );
    assert.deepEqual(ended.slice(0, 4), [
      "inventory COMPLETE",
      "spec_validate SKIP",
      "smart SKIP",
      "cpu_stress COMPLETE",
    ]);
    assert.deepEqual(all.at(-1)?.testRunArtifact?.testRunEnd, { status: "COMPLETE", result: "PASS" });
  });

  test("gives each measurement that a gate judges a validator, and each gate a diagnosis", () => {
    const step = ofStep("cpu_stress");
    const measured = step.map(({ measurement }) => measurement as { name: string; validators?: object[] } | undefined);
    const failures = measured.find((one) => one?.name === "cpu_stress.verify_failures");
    assert.deepEqual(failures?.validators, [{ type: "EQUAL", value: 0, metadata: { severity: "fail" } }]);
    const told = step.map(({ diagnosis }) => (diagnosis as { verdict: string } | undefined)?.verdict);
    assert.ok(told.includes("cpu_stress.verify_failures-pass"));
  });

  test("holds the sensor readings as series of their own step", () => {
    const sample = { kind: "temperature", key: "coretemp/temp1/Core 0", value: 41, unit: "celsius" } as const;
    const samples = [0, 5000].map((ms) => ({ ...sample, atMs: NOON + ms }));
    const series = records({ ...reportInput(), samples }).flatMap(({ testStepArtifact: step }) =>
      step?.testStepId === "sensors" ? [step["measurementSeriesEnd"]] : [],
    );
    assert.ok(
      JSON.stringify(series).includes('{"measurementSeriesId":"temperature/coretemp/temp1/Core 0","totalCount":2}'),
    );
  });

  const pairs: [Verdict, step: string, run: object][] = [
    ["pass", "COMPLETE", { status: "COMPLETE", result: "PASS" }],
    ["warn", "COMPLETE", { status: "COMPLETE", result: "PASS" }],
    ["fail", "COMPLETE", { status: "COMPLETE", result: "FAIL" }],
    ["error", "ERROR", { status: "ERROR", result: "NOT_APPLICABLE" }],
    ["timed_out", "ERROR", { status: "ERROR", result: "NOT_APPLICABLE" }],
    ["canceled", "SKIP", { status: "ERROR", result: "NOT_APPLICABLE" }],
  ];
  for (const [verdict, step, run] of pairs) {
    test(`of which a stage is ${verdict} says ${JSON.stringify(run)}`, () => {
      const all = records(endedWith(verdict));
      const ended = all.find(({ testStepArtifact: one }) => one?.testStepId === "cpu_stress" && one.testStepEnd);
      assert.deepEqual(ended?.testStepArtifact?.testStepEnd, { status: step });
      assert.deepEqual(all.at(-1)?.testRunArtifact?.testRunEnd, run);
    });
  }

  test("that was canceled is neither passed nor failed", () => {
    const input = reportInput();
    const all = records({ ...input, run: cancelRun(startRun(input.run.profile)), stages: [] });
    assert.deepEqual(all.at(-1)?.testRunArtifact?.testRunEnd, { status: "SKIP", result: "NOT_APPLICABLE" });
  });

  test("keeps the rules whatever a stage wrote", () => {
    const artifact = fc.oneof(
      fc.record({ measurement: fc.object() }),
      fc.record({ measurement: fc.record({ name: fc.string(), value: fc.double(), extra: fc.boolean() }) }),
      fc.record({
        measurementSeriesStart: fc.record({ name: fc.string(), measurementSeriesId: fc.constantFrom("a", "b") }),
      }),
      fc.record({
        measurementSeriesElement: fc.record({
          measurementSeriesId: fc.constantFrom("a", "b", "c"),
          index: fc.nat(),
          value: fc.integer(),
          timestamp: fc.constantFrom("2026-01-02T03:04:05Z", "yesterday"),
        }),
      }),
      fc.record({ diagnosis: fc.record({ verdict: fc.string(), type: fc.constantFrom("PASS", "OK") }) }),
      fc.record({ testStepStart: fc.object() }),
      fc.record({ error: fc.object(), log: fc.object() }),
      fc.record({ extension: fc.record({ name: fc.string(), content: fc.anything() }) }),
    );
    const line = fc.oneof(
      fc.string(),
      artifact.map((one) =>
        JSON.stringify({ timestamp: "2026-01-02T03:04:05Z", testStepArtifact: { testStepId: "0", ...one } }),
      ),
      fc.object().map((testRunStart) => JSON.stringify({ testRunArtifact: { testRunStart } })),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const input = reportInput();
        const stages = input.stages.map((stage) => ({ ...stage, ocp: lines.join("\n") }));
        checkOcpRules(renderOcp({ ...input, stages }));
      }),
      { numRuns: 100 },
    );
  });
});

interface Element {
  name: string;
  attributes: Record<string, string>;
  children: string[];
  /** All text inside. */
  text: string;
}

/** The elements of a document, in the order of their starts. Throws for what is no XML 1.0. */
function elementsOf(xml: string): Element[] {
  const parser = new SaxesParser();
  const all: Element[] = [];
  const open: Element[] = [];
  parser.on("opentag", ({ name, attributes }) => {
    open.at(-1)?.children.push(name);
    const element = { name, attributes, children: [], text: "" };
    all.push(element);
    open.push(element);
  });
  parser.on("text", (text) => open.forEach((element) => (element.text += text)));
  parser.on("closetag", () => void open.pop());
  parser.on("error", (error) => {
    throw error;
  });
  parser.write(xml).close();
  return all;
}

suite("a run as JUnit", () => {
  const parse = (input: ReportInput) => {
    const elements = elementsOf(renderJunit(input));
    const suite = elements.find(({ name }) => name === "testsuite");
    assert.ok(suite);
    return { ...suite.attributes, cases: elements.filter(({ name }) => name === "testcase") };
  };
  const caseOf = (input: ReportInput, name: string) => {
    const found = parse(input).cases.find(({ attributes }) => attributes["name"] === name);
    assert.ok(found);
    return found;
  };

  test("has a suite for the machine and a case for each stage, with times where they are known", () => {
    const suite = parse(reportInput());
    assert.partialDeepStrictEqual(suite, { tests: "10", failures: "0", errors: "0", skipped: "8" });
    assert.equal(caseOf(reportInput(), "cpu_stress").attributes["time"], "12.200");
    assert.equal(caseOf(reportInput(), "smart").attributes["time"], undefined);
  });

  test("lists every gate that does not hold in a failure", () => {
    const input = endedWith("fail");
    const results = input.run.results.map((result) => ({
      ...result,
      gates: result.gates.map((gate) => ({ ...gate, verdict: "fail" as const, message: `${gate.metric} is off` })),
    }));
    const body = caseOf({ ...input, run: { ...input.run, results } }, "cpu_stress").text;
    const gates = results.find(({ stage }) => stage === "cpu_stress")?.gates ?? [];
    assert.ok(gates.length > 3 && gates.every(({ message }) => body.includes(message)));
  });

  const kinds: [Verdict, "failure" | "error" | "system-out" | "skipped"][] = [
    ["fail", "failure"],
    ["error", "error"],
    ["timed_out", "error"],
    ["canceled", "error"],
    ["warn", "system-out"],
    ["skip", "skipped"],
  ];
  for (const [verdict, kind] of kinds) {
    test(`has <${kind}> for ${verdict}`, () => {
      assert.deepEqual(caseOf(endedWith(verdict), "cpu_stress").children, [kind]);
    });
  }

  test("counts a stage that has not run as an error", () => {
    const input = reportInput();
    const suite = parse({ ...input, run: cancelRun(startRun(input.run.profile)), stages: [] });
    assert.partialDeepStrictEqual(suite, { errors: "10" });
  });

  test("is XML whatever a machine says it is called and a stage says is wrong", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (serial, reason) => {
        const input = endedWith("error", [reason]);
        parse({ ...input, machine: { ...input.machine, serial, name: `${serial}\u0000\ud800` } });
      }),
      { numRuns: 50 },
    );
  });
});
