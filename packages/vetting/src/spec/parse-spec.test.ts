import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { parseSpec } from "./parse-spec.ts";

function problemsOf(content: string): string[] {
  const result = parseSpec({ path: "s.yaml", content });
  return result.ok ? [] : result.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

suite("a specification", () => {
  test("is read with sizes in bytes, speeds in Mbit/s, shares of 1, and its defaults", () => {
    const content =
      "name: m\nmemory: { total: 1.5TiB }\ndisks: [{ size: 960GB, tolerance: 3% }]\nnics: [{ speed: 25G }]";
    const result = parseSpec({ path: "s.yaml", content });
    assert.ok(result.ok);
    assert.deepEqual(result.spec, {
      name: "m",
      description: "",
      memory: { total: 1.5 * 1024 ** 4, tolerance: 0.1, symmetric: false },
      disks: [{ count: 1, size: 960e9, tolerance: 0.03 }],
      nics: [{ count: 1, speed: 25_000 }],
    });
  });

  const table: [string, string, RegExp][] = [
    ["without a name", "cpu: {}", /^1:1: name: /],
    ["with an unknown key", "name: m\ncpu:\n  modle: x", /^3:3: cpu\.modle: no such key$/],
    ["with an unknown part", "name: m\nfans: []", /^2:1: fans: no such key$/],
    [
      "with an unknown unit",
      "name: m\ndisks:\n  - size: 960Gb",
      /^3:5: disks\.0\.size: expected a size such as "960GB"/,
    ],
    [
      "with a share of all",
      "name: m\nmemory: { tolerance: 100% }",
      /^2:11: memory\.tolerance: expected a share below 100%/,
    ],
    ["with a speed without a unit", "name: m\nnics: [{ speed: 25 }]", /^2:10: nics\.0\.speed: /],
    [
      "with a link of neither speed nor lanes",
      "name: m\ngpus: [{ link: fast }]",
      /^2:10: gpus\.0\.link: expected a PCIe link/,
    ],
    [
      "with several disks of one serial",
      "name: m\ndisks: [{ serial: S, count: 2 }]",
      /^2:22: disks\.0\.count: one disk has a serial/,
    ],
    [
      "that allows no version at all",
      "name: m\nfirmware: { bios: [] }",
      /^2:13: firmware\.bios: expected at least one version/,
    ],
    ["that is no YAML", "name: [", /^1:\d+: /],
    ["that is empty", "", /^1:1: /],
    ["that is too long", "x".repeat(300_000), /^1:1: longer than 262144 characters/],
  ];
  for (const [what, content, wanted] of table) {
    test(`${what} is refused, with the place`, () => assert.match(problemsOf(content).join("\n"), wanted));
  }

  test("is refused with all its mistakes at once", () => {
    assert.equal(problemsOf("name: m\ncpu: { a: 1, b: 2 }\ndisks: [{ size: x }]").length, 3);
  });

  test("of any text never throws", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void problemsOf(text)));
  });
});
