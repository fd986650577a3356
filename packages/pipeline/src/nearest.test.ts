import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nearest } from "./nearest.ts";

const rows: [found: string, names: string[], meant: string | undefined][] = [
  ["biuld", ["test", "build"], "build"],
  ["step", ["shell", "steps"], "steps"],
  ["STEPS", ["steps"], "steps"],
  ["dependsOn", ["labels", "depends_on"], "depends_on"],
  ["tset", ["test"], "test"],
  ["rnu", ["run"], "run"],
  ["x", ["y"], "y"],
  ["deploy", ["build", "test"], undefined],
  ["a-rather-long-name", ["a-rather-short-name"], undefined],
  ["build", [], undefined],
];

for (const [found, names, meant] of rows) {
  test(`"${found}" among ${names.join(", ") || "none"} means ${meant ?? "none of them"}`, () => {
    assert.equal(nearest(found, names), meant);
  });
}

test("one slip in a name of three letters or more is forgiven, wherever it is", () => {
  const slip = fc.record({
    name: fc.stringMatching(/^[a-z]{3,20}$/),
    at: fc.nat(),
    letter: fc.stringMatching(/^[a-z]?$/),
  });
  fc.assert(
    fc.property(slip, fc.nat(1), ({ name, at, letter }, removed) => {
      const place = at % name.length;
      const found = name.slice(0, place) + letter + name.slice(place + removed);
      assert.equal(nearest(found, [name]), name);
    }),
  );
});
