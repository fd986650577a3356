import * as fc from "fast-check";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseOutputs } from "./parse-outputs.ts";

suite("what a step may write to its output file", () => {
  const texts: [name: string, text: string, values: Record<string, string>][] = [
    ["nothing", "", {}],
    ["a line", "a=1\n", { a: "1" }],
    ["a last line without newline", "a=1\nb=2", { a: "1", b: "2" }],
    ["equal signs and << in a value", "a=b=c<<d\n", { a: "b=c<<d" }],
    ["an empty value", "a=\n", { a: "" }],
    ["empty lines between", "\na=1\n\n", { a: "1" }],
    ["a name twice: the last counts", "a=1\na=2\n", { a: "2" }],
    ["several lines", "a<<END\none\nb=2\n\nEND\nc=3\n", { a: "one\nb=2\n", c: "3" }],
    ["no lines between", "a<<END\nEND\n", { a: "" }],
    ["lines that end in CR LF", "a=1\r\nb<<E\r\nx\r\nE\r\n", { a: "1", b: "x" }],
  ];
  for (const [name, text, values] of texts) {
    test(name, () => {
      const parsed = parseOutputs(text);
      assert.ok(parsed.ok);
      assert.deepEqual(Object.fromEntries(parsed.values), values);
    });
  }

  test("any value of several lines comes back as it was written", () => {
    const value = fc.array(fc.stringMatching(/^[^\r\n]*$/)).map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(value, (text) => {
        const parsed = parseOutputs(`a<<no-such-line-${text.length}\n${text}\nno-such-line-${text.length}\n`);
        assert.deepEqual(parsed.ok && parsed.values.get("a"), text);
      }),
      { numRuns: 100 },
    );
  });

  test("any text is read or refused", () => {
    fc.assert(
      fc.property(fc.string(), (text) => typeof parseOutputs(text).ok === "boolean"),
      { numRuns: 200 },
    );
  });
});

suite("what is refused, and where", () => {
  const texts: [text: string, line: number, message: RegExp][] = [
    ["a=1\nhello\n", 2, /"hello": expected name=value or name<<END/],
    ["1a=1", 1, /the name "1a"/],
    ["a b=1", 1, /the name "a b"/],
    ["a<<END\nx\n", 1, /no later line is "END"/],
    ["a<<\nx\n", 1, /no later line is ""/],
  ];
  for (const [text, line, message] of texts) {
    test(JSON.stringify(text), () => {
      const parsed = parseOutputs(text);
      assert.ok(!parsed.ok);
      assert.equal(parsed.line, line);
      assert.match(parsed.message, message);
    });
  }
});
