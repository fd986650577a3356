import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { sql } from "kysely";
import { testContext } from "../testing/context.ts";
import { json, storable } from "./json.ts";

const cases: [string, unknown, unknown][] = [
  ["NUL", "a\0b", "a\ufffdb"],
  ["a lone high surrogate", "a\ud800b", "a\ufffdb"],
  ["a lone low surrogate", "a\udc00b", "a\ufffdb"],
  ["a key", { "k\0": 1 }, { "k\ufffd": 1 }],
  ["a pair of surrogates, kept", "😀", "😀"],
  ["a backslash before u0000, kept", String.raw`\u0000`, String.raw`\u0000`],
  ["other escapes, kept", '\n\t"\\\u0001', '\n\t"\\\u0001'],
];

suite("a stranger's words in jsonb", () => {
  for (const [what, value, stored] of cases) {
    test(`hold ${what}`, () => assert.deepEqual(JSON.parse(storable(JSON.stringify(value))), stored));
  }

  test("are taken by Postgres whatever they are, and are unchanged where they may be", async (t) => {
    const { db } = await testContext(t);
    const nasty = fc.array(fc.constantFrom("\0", "\ud83d", "\ude00", "\\", "u0000", '"', "ü", "{"), { maxLength: 12 });
    const property = fc.asyncProperty(nasty, async (parts) => {
      const text = parts.join("");
      const { rows } = await sql<{ value: string }>`select ${json([text])} -> 0 as value`.execute(db);
      assert.equal(rows[0]?.value, text.toWellFormed().replaceAll("\0", "\ufffd"));
    });
    await fc.assert(property, { numRuns: 200 });
  });
});
