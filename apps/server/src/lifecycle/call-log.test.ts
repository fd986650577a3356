import { create, type Message } from "@bufbuild/protobuf";
import { DoneRequestSchema, EnqueueLogRequestSchema, SubmitPipelineRequestSchema } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import type { CallReport } from "@groundcrew/rpc/server";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { pino } from "pino";
import { callLogger } from "./call-log.ts";

function linesOf(report: Partial<CallReport>): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: "debug", base: null, timestamp: false },
    { write: (line: string) => lines.push(JSON.parse(line)) },
  );
  const call = { requestId: "r1", service: "groundcrew.v1.PeerService", method: "Done", durationMs: 1.4 };
  callLogger(log)({ ...call, principal: { kind: "anonymous" }, ...report });
  return lines;
}

const stepRun = { workflowId: "7", epoch: "40", step: "test", try: 1 };

/** What was asked, and the ids that its line then has. */
const subjects: [string, Message | undefined, Record<string, unknown>][] = [
  ["a workflow's end", create(DoneRequestSchema, { workflowId: "7", epoch: "40" }), { workflowId: "7", epoch: "40" }],
  ["a step run's lines", create(EnqueueLogRequestSchema, { stepRun }), stepRun],
  ["a submission", create(SubmitPipelineRequestSchema, {}), {}],
  ["a request that was never decoded", undefined, {}],
];

suite("the line of a call", () => {
  for (const [what, request, ids] of subjects) {
    test(`names what it is about: ${what}`, () => {
      const [line = {}] = linesOf({ ...(request && { request }) });
      const call = { requestId: "r1", rpc: "groundcrew.v1.PeerService/Done", ms: 1, level: 20, msg: "answered" };
      assert.deepEqual(line, { ...call, ...ids });
    });
  }

  test("names who called", () => {
    const principal = { kind: "agent", agentId: "a1", name: "builder", generation: "2" } as const;
    assert.partialDeepStrictEqual(linesOf({ principal })[0], { agent: "builder", agentId: "a1", generation: "2" });
  });

  const ends: [string, ConnectError, number][] = [
    ["a fault is an error", new ConnectError("try again", Code.Unavailable, undefined, undefined, new Error("x")), 50],
    ["a refusal is a warning", new ConnectError("no", Code.InvalidArgument), 40],
    ["the end of a poll is for whoever debugs", new ConnectError("gone", Code.Canceled), 20],
  ];
  for (const [what, error, level] of ends) {
    test(what, () => assert.equal(linesOf({ error })[0]?.level, level));
  }
});
