import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { recordOf } from "../testing.ts";
import { readOcp } from "./reader.ts";

const VERSION = '{"schemaVersion":{"major":2,"minor":0},"sequenceNumber":0,"timestamp":"2026-01-01T00:00:00Z"}\n';

const element = (index: number, value: number) =>
  `{"testStepArtifact":{"measurementSeriesElement":{"index":${index},"measurementSeriesId":"s","value":${value}}}}\n`;

suite("an OCP record", () => {
  test("reads as it was written", () => {
    const run = readOcp(
      recordOf((ocp) => {
        ocp.measurement("disk.count", 2);
        ocp.measurement("disk.size", 5.5, "TB");
        ocp.seriesValue("rate", 10, "1/s");
        ocp.seriesValue("rate", 12, "1/s");
        ocp.endSeries();
        ocp.file("raw.txt", "text/plain");
        ocp.error("tool-failed", "no answer");
        ocp.absent({ what: "fans", why: "no sensor", metrics: ["fan.speed"] });
        ocp.extension("mine", { a: 1 });
      }),
    );
    assert.deepEqual(run.problems, []);
    assert.deepEqual(run.start, { name: "smart", version: "1", commandLine: "smart" });
    assert.deepEqual(run.end, { status: "COMPLETE", result: "PASS" });
    assert.deepEqual(run.measurements, [
      { name: "disk.count", value: 2, unit: "" },
      { name: "disk.size", value: 5.5, unit: "TB" },
    ]);
    assert.deepEqual(run.series, [{ name: "rate", unit: "1/s", values: [10, 12] }]);
    assert.deepEqual(run.files, [{ displayName: "raw.txt", uri: "raw.txt", contentType: "text/plain" }]);
    assert.deepEqual(run.errors, [{ symptom: "tool-failed", message: "no answer" }]);
    assert.deepEqual(run.absences, [{ what: "fans", why: "no sensor", metrics: ["fan.speed"] }]);
    assert.deepEqual(run.extensions.at(-1), { name: "mine", content: { a: 1 } });
  });

  test("numbers and dates every line, and states its version first", () => {
    const lines = recordOf((ocp) => ocp.measurement("m", 1))
      .trim()
      .split("\n");
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(records[0]?.["schemaVersion"], { major: 2, minor: 0 });
    assert.deepEqual(
      records.map((record) => record["sequenceNumber"]),
      lines.map((_, index) => index),
    );
    assert.ok(records.every((record) => record["timestamp"] === "1970-01-01T00:00:00.000Z"));
  });

  test("lets through what it does not know: a third party's stage may say more", () => {
    const run = readOcp(`${VERSION}{"testStepArtifact":{"testStepId":"1","novelty":{"x":[1]}},"extra":true}\n`);
    assert.deepEqual(run.problems, []);
  });

  test("orders a series by index", () => {
    const start = '{"testStepArtifact":{"measurementSeriesStart":{"name":"rate","measurementSeriesId":"s"}}}\n';
    assert.deepEqual(
      readOcp(VERSION + start + element(2, 30) + element(0, 10) + element(1, 20)).series[0]?.values,
      [10, 20, 30],
    );
  });

  const bad: [name: string, line: string, problem: RegExp][] = [
    ["text", "hello", /line 2 is not an OCP record: it is not a JSON object/],
    ["an array", "[]", /not a JSON object/],
    ["a measurement without a name", '{"testStepArtifact":{"measurement":{"value":1}}}', /measurement\.name/],
    ["an infinite value", '{"testStepArtifact":{"measurement":{"name":"m","value":1e999}}}', /measurement\.value/],
    ["a null value", '{"testStepArtifact":{"measurement":{"name":"m","value":null}}}', /measurement\.value/],
    ["a pair that cannot be", '{"testRunArtifact":{"testRunEnd":{"status":"ERROR","result":"PASS"}}}', /not allow/],
    [
      "a series from nowhere",
      '{"testStepArtifact":{"measurementSeriesElement":{"index":0,"measurementSeriesId":"s","value":1}}}',
      /not started/,
    ],
    ["an endless line", `"${"x".repeat(1024 * 1024)}"`, /longer than/],
    ["another major version", '{"schemaVersion":{"major":3,"minor":0}}', /version 3/],
  ];
  for (const [name, line, problem] of bad) {
    test(`makes a problem of ${name}, and reads on`, () => {
      const after = '{"testStepArtifact":{"measurement":{"name":"after","value":1}}}\n';
      const run = readOcp(`${VERSION}${line}\n${after}`);
      assert.match(run.problems.join("\n"), problem);
      assert.equal(run.measurements.at(-1)?.name, "after");
    });
  }

  test("without its version is a problem, once", () => {
    const line = '{"testStepArtifact":{"measurement":{"name":"m","value":1}}}\n';
    assert.deepEqual(readOcp(line + line).problems, ["line 1 should state schemaVersion, as the first line must"]);
  });

  test("of nothing but bad lines is bounded, in what is told and in what is read", () => {
    const { problems } = readOcp("x\n".repeat(300_000));
    assert.equal(problems.length, 21);
    assert.match(problems.at(-1) ?? "", /^and 199981 more problems$/);
  });

  test("of nothing but newlines is read in no time", () => {
    assert.deepEqual(readOcp("\n".repeat(10_000_000)).problems, []);
  });

  test("may be any text at all: nothing is thrown", () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("utf8"));
    const lines = fc.array(fc.oneof(fc.json(), fc.string({ unit: "binary" }), bytes)).map((lines) => lines.join("\n"));
    fc.assert(fc.property(lines, (text) => void readOcp(text)));
  });

  test("may have any JSON in any known place: nothing is thrown", () => {
    const places = ["testRunStart", "testRunEnd", "error", "measurement", "measurementSeriesStart", "diagnosis"];
    const artifact = fc.dictionary(fc.constantFrom(...places, "extension", "file"), fc.jsonValue());
    const record = fc.record({ testRunArtifact: artifact, testStepArtifact: artifact }, { requiredKeys: [] });
    fc.assert(fc.property(record, (record) => void readOcp(VERSION + JSON.stringify(record))));
  });
});
