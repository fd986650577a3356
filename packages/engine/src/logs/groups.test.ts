import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGroupMark, type GroupMark } from "./groups.ts";

const table: [line: string, mark: GroupMark | undefined][] = [
  ["::group::Install", { kind: "start", name: "Install", open: false }],
  ["::group::", { kind: "start", name: "", open: false }],
  ["::endgroup::", { kind: "end" }],
  ["--- :node: Build", { kind: "start", name: ":node: Build", open: false }],
  ["+++ Test\r", { kind: "start", name: "Test", open: true }],
  ["~~~ Clean up", { kind: "start", name: "Clean up", open: false }],
  ["^^^ +++", { kind: "open" }],
  ["---", undefined],
  ["----- BEGIN", undefined],
  ["---x", undefined],
  [" ::group::indented", undefined],
  ["echo ::endgroup::", undefined],
];

for (const [line, mark] of table) {
  test(`${JSON.stringify(line)} ${mark ? `is a mark: ${mark.kind}` : "is a line like any other"}`, () => {
    assert.deepEqual(parseGroupMark(line), mark);
  });
}
