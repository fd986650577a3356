import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { suite, test } from "node:test";
import { referencePage } from "./reference-page.ts";

suite("the reference page", () => {
  test("docs/reference/cli.md is up to date", async () => {
    const committed = await readFile(new URL("../../../../docs/reference/cli.md", import.meta.url), "utf8");
    const remedy = "run: node apps/cli/src/docs/print-reference.ts > docs/reference/cli.md";
    assert.equal(committed, referencePage(), remedy);
  });
});
