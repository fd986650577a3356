import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { suite, test } from "node:test";
import { INVARIANTS } from "@groundcrew/testkit/processes";
import { MUTANTS } from "./mutants.ts";

const ROOT = new URL("../../../", import.meta.url);

suite("a mutant", () => {
  test("breaks what is checked", () => {
    const checked = new Set(INVARIANTS.map(({ name }) => name));
    for (const { name, breaks } of MUTANTS) {
      assert.ok(breaks.length > 0, name);
      for (const invariant of breaks) assert.ok(checked.has(invariant), `${name}: ${invariant}`);
    }
  });

  test("has a name of its own", () => {
    assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
  });

  for (const { name, edits } of MUTANTS) {
    test(`${name} finds the guard that it removes, once`, async () => {
      for (const { file, find, replace } of edits) {
        const text = await readFile(new URL(file, ROOT), "utf8");
        assert.equal(text.split(find).length - 1, 1, `${file}: ${find}`);
        assert.notEqual(find, replace);
      }
    });
  }
});
