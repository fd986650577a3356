import assert from "node:assert/strict";
import { test } from "node:test";
import { ownerOf } from "./owner.ts";

for (const [repository, owner] of [
  ["github.com/acme/api", "github.com/acme"],
  ["https://git.example/team/sub/tool.git", "https://git.example/team/sub"],
  ["github.com/acme/api/", "github.com/acme"],
  ["/srv/git/tool", "/srv/git"],
  ["tool", "tool"],
  ["/tool", "/tool"],
  ["", ""],
] as const) {
  test(`${JSON.stringify(repository)} is of ${JSON.stringify(owner)}`, () => assert.equal(ownerOf(repository), owner));
}
