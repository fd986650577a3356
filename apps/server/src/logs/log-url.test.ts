import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { test } from "node:test";
import { logRequestOf } from "./log-url.ts";

const ask = (path: string) => logRequestOf(new URL(path, "http://here"));

test("the URL of a log says whose, which step, and how", () => {
  const none = { step: "", timestamps: false, plain: false };
  assert.deepEqual(ask("/logs/workflows/42"), { workflowId: "42", ...none });
  assert.deepEqual(ask("/logs/pipelines/7?plain&timestamps=true&step=a%20b"), {
    pipelineId: "7",
    step: "a b",
    timestamps: true,
    plain: true,
  });
  assert.deepEqual(ask("/logs/pipelines/7?plain=false"), { pipelineId: "7", ...none });
  for (const other of ["/", "/logs", "/logs/workflows", "/logs/agents/1", "/logs/workflows/1/2"])
    assert.equal(ask(other), undefined);
  for (const bad of [
    "/logs/workflows/x",
    "/logs/workflows/0",
    "/logs/workflows/1?format=x",
    "/logs/workflows/1?plain=no",
  ])
    assert.throws(() => ask(bad), { code: Code.InvalidArgument });
});
