import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { levels } from "../levels.ts";
import { matrixSchema } from "../schema.ts";
import { pipelineJsonSchema, referencePage } from "./index.ts";

const mappings = { ...levels, matrix: matrixSchema };

suite("what is generated of the schema", () => {
  for (const [level, { shape }] of Object.entries(mappings)) {
    test(`describes every key of a ${level}, on the page and in the JSON Schema`, () => {
      const page = referencePage();
      const schema = JSON.stringify(pipelineJsonSchema());
      for (const [key, { description = "" }] of Object.entries(shape)) {
        assert.notEqual(description, "", key);
        assert.ok(page.includes(`| \`${key}\` | ${description} |`), key);
        assert.ok(schema.includes(JSON.stringify(description)), key);
      }
    });
  }

  test("tells the default of a key as a file would say it", () => {
    const rows = referencePage().split("\n");
    const defaultOf = (key: string) =>
      rows
        .find((row) => row.startsWith(`| \`${key}\` |`))
        ?.split(" | ")
        .at(-1);
    assert.equal(defaultOf("on_agent_lost"), "`requeue` |");
    assert.equal(defaultOf("depth"), "`1` |");
    assert.equal(defaultOf("approval"), "`false` |");
    assert.equal(defaultOf("steps"), "required |");
    assert.ok(referencePage().includes("such as `30s`, `5m`, `1h30m` | `60m` |"));
  });

  test("takes numbers and booleans where a file may have them, for an editor reads them so", () => {
    const schema = JSON.stringify(pipelineJsonSchema());
    assert.ok(schema.includes('"type":["string","number","boolean"]'));
    assert.ok(!schema.includes(String.raw`\\p{`), "no pattern that only ECMAScript knows");
  });
});
