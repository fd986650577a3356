import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { notes, temporaryFolder } from "../files/testing.ts";
import { parseJunit } from "./junit.ts";
import { readTestResults } from "./read-test-results.ts";

const { signal } = new AbortController();

async function* inPieces(text: string, size = Infinity): AsyncGenerator<string> {
  for (let from = 0; from < text.length; from += size) yield text.slice(from, from + size);
}

const SUREFIRE = `<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="com.example.CalcTest" time="1,234.5" tests="4" errors="1" skipped="1" failures="1">
  <properties><property name="java.version" value="21"/></properties>
  <testcase name="adds" classname="com.example.CalcTest" time="0.25"/>
  <testcase name="divides" classname="com.example.CalcTest" time="0.01">
    <failure message="expected:&lt;2&gt; but was:&lt;3&gt;" type="java.lang.AssertionError"><![CDATA[java.lang.AssertionError: expected:<2> but was:<3>
	at com.example.CalcTest.divides(CalcTest.java:12)]]></failure>
    <system-out><![CDATA[noise]]></system-out>
  </testcase>
  <testcase name="opens" classname="com.example.CalcTest" time="0"><error type="java.io.IOException">no file</error></testcase>
  <testcase name="later" classname="com.example.CalcTest" time="0"><skipped/></testcase>
  <testcase name="shaky" classname="com.example.CalcTest" time="0"><flakyFailure message="first try">x</flakyFailure></testcase>
</testsuite>`;

const PYTEST = `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="1" skipped="0" tests="2" time="0.05" timestamp="2026-11-21T12:00:00" hostname="h"><testcase classname="tests.test_a" name="test_ok[1-a]" time="0.001" /><testcase classname="tests.test_a" name="test_bad" time="0.002"><failure message="assert 1 == 2">def test_bad():
&gt;       assert 1 == 2
E       assert 1 == 2

tests/test_a.py:5: AssertionError</failure></testcase></testsuite></testsuites>`;

const JEST = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="jest tests" tests="2" failures="1" errors="0" time="2.5">
  <testsuite name="adds" errors="0" failures="1" skipped="0" timestamp="2026-11-21T12:00:00" time="1.5" tests="2">
    <testcase classname="adds small" name="adds small" time="0.004"></testcase>
    <testcase classname="adds big" name="adds big" time="1.1"><failure>Error: \u001b[31mexpect\u001b[39m(received)
    at Object.toBe (a.test.js:3:1)</failure></testcase>
  </testsuite>
</testsuites>`;

const GOTESTSUM = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1" errors="0" time="0.3">
	<testsuite tests="2" failures="1" time="0.203000" name="example.com/calc" timestamp="2026-11-21T12:00:00Z">
		<testcase classname="example.com/calc" name="TestAdd" time="0.000000"></testcase>
		<testcase classname="example.com/calc" name="TestDiv/by_zero" time="0.200000">
			<failure message="Failed" type="">=== RUN   TestDiv/by_zero&#xA;    calc_test.go:9: boom&#xA;</failure>
		</testcase>
	</testsuite>
</testsuites>`;

suite("a JUnit file", () => {
  test("of surefire", async () => {
    const { suites, failed, slowest, ...counts } = await parseJunit(inPieces(SUREFIRE));
    const expected = { tests: 5, failures: 1, errors: 1, skipped: 1, durationMs: 1_234_500 };
    assert.deepEqual(counts, { ...expected, truncated: false });
    assert.deepEqual(suites, [{ name: "com.example.CalcTest", ...expected }]);
    assert.deepEqual(failed[0], {
      suite: "com.example.CalcTest",
      name: "divides",
      kind: "failure",
      message: "expected:<2> but was:<3>",
      output: "java.lang.AssertionError: expected:<2> but was:<3>\n\tat com.example.CalcTest.divides(CalcTest.java:12)",
      durationMs: 10,
    });
    assert.equal(failed[1]?.kind, "error");
    assert.equal(failed[1]?.message, "java.io.IOException");
    assert.deepEqual(
      slowest.map(({ name }) => name),
      ["adds", "divides"],
    );
  });

  for (const [program, text, failure, message, durationMs] of [
    ["pytest", PYTEST, "test_bad", "assert 1 == 2", 50],
    ["jest-junit", JEST, "adds big", "Error: \uFFFD[31mexpect\uFFFD[39m(received)", 1500],
    ["gotestsum", GOTESTSUM, "TestDiv/by_zero", "Failed", 203],
  ] as const) {
    test(`of ${program}`, async () => {
      const results = await parseJunit(inPieces(text));
      assert.deepEqual([results.tests, results.failures, results.durationMs], [2, 1, durationMs]);
      assert.equal(results.failed[0]?.name, failure);
      assert.equal(results.failed[0]?.message, message);
    });
  }

  test("reads the same in any pieces", async () => {
    const whole = await parseJunit(inPieces(SUREFIRE));
    const sizes = fc.integer({ min: 1, max: 200 });
    await fc.assert(
      fc.asyncProperty(sizes, async (size) => assert.deepEqual(await parseJunit(inPieces(SUREFIRE, size)), whole)),
      { numRuns: 20 },
    );
  });

  test("with a great many failures is counted whole and listed in part", async () => {
    const cases = Array.from(
      { length: 3_000 },
      (_, i) => `<testcase name="t${i}" time="1"><failure>${"x".repeat(5_000)}</failure></testcase>`,
    );
    const results = await parseJunit(inPieces(`<testsuite name="s">${cases.join("")}</testsuite>`));
    assert.equal(results.failures, 3_000);
    assert.equal(results.durationMs, 3_000_000);
    assert.equal(results.truncated, true);
    assert.equal(results.slowest.length, 20);
    assert.ok(JSON.stringify(results).length < 1024 * 1024);
  });

  for (const [what, text, message] of [
    ["is some other XML", "<html><body/></html>", /its root is <html>, expected <testsuites> or <testsuite>/],
    ["is not whole", SUREFIRE.slice(0, 500), /unclosed tag|unexpected end/],
    ["is not XML", "1..2\nok 1\n", /text data outside of root node|document must contain a root element/],
    ["is nested without end", "<testsuite>".repeat(100), /nested deeper than 64 elements/],
    [
      "has entities of its own",
      `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]><testsuite name="&b;"/>`,
      /undefined entity/,
    ],
  ] as const) {
    test(`that ${what} is refused`, async () => {
      await assert.rejects(parseJunit(inPieces(text)), message);
    });
  }
});

suite("the test results of a step", () => {
  test("are of all files that are named; what cannot be read is noted", async (t) => {
    const directory = await temporaryFolder(t);
    await writeFile(join(directory, "TEST-a.xml"), SUREFIRE);
    await writeFile(join(directory, "TEST-b.xml"), PYTEST);
    await writeFile(join(directory, "TEST-c.xml"), "broken");
    await symlink("/etc/passwd", join(directory, "TEST-d.xml"));
    const { lines, note } = notes();
    const results = await readTestResults({ patterns: ["TEST-*.xml", "none.xml"], directory, note, signal });
    assert.deepEqual([results?.tests, results?.failures, results?.errors, results?.skipped], [7, 2, 1, 1]);
    assert.equal(results?.suites.length, 2);
    assert.equal(lines[0], 'no JUnit file is named by "none.xml"');
    assert.match(lines[1] ?? "", /^"TEST-c.xml" is not read as a JUnit file: /);
    assert.equal(lines[2], '"TEST-d.xml" is not read as a JUnit file: "TEST-d.xml" is not a regular file');
  });

  test("are absent where the step names no files, and zero where there are none", async (t) => {
    const directory = await temporaryFolder(t);
    assert.equal(await readTestResults({ patterns: [], directory, note: () => {}, signal }), undefined);
    const results = await readTestResults({ patterns: ["x.xml"], directory, note: () => {}, signal });
    assert.equal(results?.tests, 0);
  });
});
