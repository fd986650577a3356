import { DesiredState } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { desiredStateOf, lifecycleOf, mayBecome, type Lifecycle } from "./desired-state.ts";

const ALL: Lifecycle[] = ["ready", "draining", "terminated"];

suite("what an operator wants of an agent", () => {
  test("may change to anything, except that terminated is final", () => {
    const forbidden = ALL.flatMap((from) => ALL.filter((to) => !mayBecome(from, to)).map((to) => `${from} → ${to}`));
    assert.deepEqual(forbidden, ["terminated → ready", "terminated → draining"]);
  });

  test("is stored by name and told as it was asked for", () => {
    for (const lifecycle of ALL) assert.equal(lifecycleOf(desiredStateOf(lifecycle)), lifecycle);
  });

  test("must be said", () => {
    for (const state of [DesiredState.UNSPECIFIED, 9 as DesiredState]) {
      assert.throws(() => lifecycleOf(state), { code: Code.InvalidArgument, rawMessage: /^desired_state is / });
    }
  });
});
