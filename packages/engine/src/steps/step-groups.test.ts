import { create } from "@bufbuild/protobuf";
import { StepPlanSchema } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { test } from "node:test";
import { stepGroups } from "./step-groups.ts";

test("neighbours with the same number are a group; 0 is none", () => {
  const steps = [0, 0, 1, 1, 2, 0, 2, 2].map((parallel, at) => create(StepPlanSchema, { name: String(at), parallel }));
  const names = stepGroups(steps).map((group) => group.map(({ name }) => name).join(""));
  assert.deepEqual(names, ["0", "1", "23", "4", "5", "67"]);
});
