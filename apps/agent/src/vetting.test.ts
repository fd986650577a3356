import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { EndReason, StepState, WorkflowState, type BlobHeader } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import type { FakeWorkflow, Work } from "./testing/fake-queue.ts";
import { FakeServer } from "./testing/fake-server.ts";
import { startAgent } from "./testing/test-agent.ts";

const RUN: Work = { plan: { case: "vetting", value: { profile: "demo" } } };
const GO_ON = { action: { case: "goOn" as const, value: {} } };
const WAIT = { action: { case: "wait" as const, value: { waitMs: 1 } } };
const STOP = {
  action: { case: "stop" as const, value: { state: WorkflowState.FAILED, endReason: EndReason.VETTING_FAILED } },
};

function runStage(stage: string, timeoutMs = 20_000) {
  const parametersJson = '{"cores":2}';
  return { action: { case: "runStage" as const, value: { stage, try: 1, timeoutMs, parametersJson } } };
}

async function setUp(t: TestContext) {
  const server = await FakeServer.start(t);
  const stageProgram = fileURLToPath(new URL("testing/test-stage.ts", import.meta.url));
  const { agent } = await startAgent(t, server, { serves: "vetting", capacity: 1, stageProgram });
  return { server, agent };
}

function states({ updates }: FakeWorkflow): StepState[] {
  return updates.map(({ state }) => state);
}

suite("a vetting run", () => {
  test("does what the server says, and hands over a stage's log, evidence and exit code", async (t) => {
    const { server } = await setUp(t);
    server.queue.script = [WAIT, runStage("quick"), GO_ON, WAIT, STOP];
    const workflow = server.queue.submit(RUN);
    const done = await server.ended(workflow);
    assert.deepEqual([done.state, done.endReason], [WorkflowState.FAILED, EndReason.VETTING_FAILED]);
    assert.deepEqual(workflow.lines.get("quick"), ["running quick"]);
    assert.deepEqual([...workflow.blobs.keys()], ["quick/ocp.jsonl", "quick/raw.txt"]);
    assert.match(workflow.blobs.get("quick/ocp.jsonl") ?? "", /"parameters":"{\\"cores\\":2}"/);
    const [running, ended, again] = workflow.updates;
    assert.equal(running?.state, StepState.RUNNING);
    assert.deepEqual([ended?.state, ended?.exitCode], [StepState.SUCCEEDED, 7]);
    assert.equal(again?.sequence, ended?.sequence, "told to wait, it sends the same report again");
    assert.ok(server.registrations[0]?.info?.capabilities.includes("stage:inventory"));
  });

  test("goes on with an upload where it broke off", async (t) => {
    const { server } = await setUp(t);
    server.queue.script = [runStage("quick"), GO_ON, STOP];
    const headers: BlobHeader[] = [];
    server.onBlob = (header) => headers.push(header);
    let parts = 0;
    server.refuse = (method) => {
      if (method === "putBlob" && ++parts === 6) throw new ConnectError("away", Code.Unavailable);
    };
    const workflow = server.queue.submit(RUN);
    await server.ended(workflow);
    const raw = headers.filter(({ name }) => name === "raw.txt");
    assert.equal(raw.length, 3, "broken off, told the offset, and gone on with");
    assert.ok(Number(raw.at(-1)?.offset) > 0);
    for (const { name, sha256, contentType } of headers) {
      const content = Buffer.from(workflow.blobs.get(`quick/${name}`) ?? "", "latin1");
      assert.deepEqual(createHash("sha256").update(content).digest(), Buffer.from(sha256));
      assert.equal(contentType, name === "raw.txt" ? "text/plain" : "application/jsonl");
    }
  });

  test("goes on without the evidence that the server does not take, and says so in the stage's log", async (t) => {
    const { server } = await setUp(t);
    server.queue.script = [runStage("odd"), GO_ON, STOP];
    server.onBlob = ({ name }) => {
      if (name === "raw.txt") throw new ConnectError("header.size is too large", Code.InvalidArgument);
    };
    const workflow = server.queue.submit(RUN);
    assert.equal((await server.ended(workflow)).endReason, EndReason.VETTING_FAILED);
    assert.deepEqual([...workflow.blobs.keys()], ["odd/ocp.jsonl"]);
    assert.deepEqual(workflow.lines.get("odd"), [
      "running odd",
      '"folder" is not kept: it is a folder',
      '"link" is not kept: it is a link',
      '"raw.txt" is not kept: header.size is too large',
      "\"two words\" is not kept: its name is not 1 to 200 of letters, digits, '-', '.', '_'",
    ]);
  });

  test("that is canceled reports its stage as canceled, with what evidence there is", async (t) => {
    const { server } = await setUp(t);
    server.queue.script = [runStage("slow"), GO_ON, GO_ON];
    const workflow = server.queue.submit(RUN);
    await server.until(() => workflow.lines.has("slow"));
    server.queue.cancel(workflow, "ada");
    const done = await server.ended(workflow);
    assert.deepEqual([done.state, done.endReason], [WorkflowState.CANCELED, EndReason.CANCELED]);
    assert.deepEqual(states(workflow), [StepState.RUNNING, StepState.CANCELED]);
    assert.ok(workflow.blobs.has("slow/ocp.jsonl"));
  });

  test("whose stage runs too long reports it as timed out, and goes on as told", async (t) => {
    const { server } = await setUp(t);
    server.queue.script = [runStage("slow", 50), GO_ON, STOP];
    const workflow = server.queue.submit(RUN);
    assert.equal((await server.ended(workflow)).state, WorkflowState.FAILED);
    assert.deepEqual(states(workflow), [StepState.RUNNING, StepState.TIMED_OUT]);
  });

  test("that a stopping agent hands back does not report the stage, which is run again", async (t) => {
    const { server, agent } = await setUp(t);
    server.queue.script = [runStage("slow"), GO_ON];
    const workflow = server.queue.submit(RUN);
    await server.until(() => workflow.lines.has("slow"));
    agent.stop();
    const done = await server.ended(workflow);
    assert.deepEqual([done.state, done.endReason], [WorkflowState.QUEUED, EndReason.HANDED_BACK]);
    assert.deepEqual(states(workflow), [StepState.RUNNING]);
  });

  test("whose machine is held ends here without Done: the server has ended the lease", async (t) => {
    const { server } = await setUp(t);
    server.queue.script = [{ action: { case: "hold", value: { reason: "memory failed" } } }];
    const workflow = server.queue.submit(RUN);
    await server.until(() => workflow.inits === 1);
    server.queue.script = [STOP];
    await server.ended(server.queue.submit(RUN));
    assert.equal(workflow.done, undefined);
  });
});
