import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { createHash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { suite, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { CancelStageSchema, EndReason, StepState, WorkflowState, type BlobHeader } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import type { AgentOptions } from "./agent-options.ts";
import { readBootId } from "./machine/machine-identity.ts";
import type { FakeWorkflow, Work } from "./testing/fake-queue.ts";
import { FakeServer } from "./testing/fake-server.ts";
import { SYSTEM_ROOT_VARIABLE } from "./stages/sysfs.ts";
import { startAgent, temporaryFolder } from "./testing/test-agent.ts";

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

async function setUp(t: TestContext, more: Partial<AgentOptions> = {}) {
  const server = await FakeServer.start(t);
  const stageProgram = fileURLToPath(new URL("testing/test-stage.ts", import.meta.url));
  const { agent } = await startAgent(t, server, { serves: "vetting", capacity: 1, stageProgram, ...more });
  return { server, agent, stageProgram };
}

function collectCrash(stage: string) {
  return { action: { case: "collectCrash" as const, value: { stage, try: 1, reason: "it started anew" } } };
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

  test("sends what the machine's sensors tell, from its first moment to its last", async (t) => {
    const root = await temporaryFolder(t);
    const monitor = join(root, "sys/class/hwmon/hwmon3");
    await mkdir(monitor, { recursive: true });
    for (const [name, text] of [
      ["name", "coretemp"],
      ["temp1_input", "41000"],
      ["temp1_label", "Core 0"],
    ] as const) {
      await writeFile(join(monitor, name), text);
    }
    process.env[SYSTEM_ROOT_VARIABLE] = root;
    t.after(() => delete process.env[SYSTEM_ROOT_VARIABLE]);
    const { server } = await setUp(t);
    server.queue.script = [runStage("quick"), GO_ON, STOP];
    const workflow = server.queue.submit(RUN);
    await server.ended(workflow);
    const sample = { kind: "temperature", key: "/sys/class/coretemp/Core 0", value: 41, unit: "celsius" };
    assert.equal(server.samples.length, 2);
    for (const { kind, key, value, unit } of server.samples) assert.deepEqual({ kind, key, value, unit }, sample);
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

  test("whose stage is stopped by itself goes on; a stop that names another run of a stage is ignored", async (t) => {
    const { server } = await setUp(t);
    server.queue.script = [runStage("slow"), GO_ON, runStage("quick"), GO_ON, STOP];
    const workflow = server.queue.submit(RUN);
    await server.until(() => workflow.lines.has("slow"));
    const { epoch } = workflow.grant;
    const stopOf = (id: string, stepRun: object) => ({
      id,
      generation: "1",
      action: { case: "cancelStage" as const, value: create(CancelStageSchema, { stepRun, canceledBy: "ada" }) },
    });
    const slow = { workflowId: workflow.grant.workflowId, epoch, step: "slow", try: 1 };
    server.directives = [
      stopOf("1", { ...slow, epoch: "7" }),
      stopOf("2", { ...slow, try: 2 }),
      stopOf("3", { ...slow, step: "odd" }),
    ];
    await server.until(() => server.directives.length === 0);
    assert.deepEqual(states(workflow), [StepState.RUNNING], "it runs on");
    server.directives = [stopOf("4", slow)];
    await server.ended(workflow);
    const [, stopped, , quick] = workflow.updates;
    assert.deepEqual([stopped?.state, stopped?.error], [StepState.CANCELED, "canceled by ada"]);
    assert.equal(quick?.state, StepState.SUCCEEDED);
    assert.ok(workflow.blobs.has("slow/ocp.jsonl"), "with what evidence there is");
  });

  test("whose stage is stopped before it began stops it as it begins", async (t) => {
    const { server } = await setUp(t);
    server.queue.script = [{ action: { case: "wait", value: { waitMs: 20 } } }];
    const again = server.queue.script[0];
    const workflow = server.queue.submit(RUN);
    // Told to wait until the stop has been heard, and only then to run the stage.
    const script = server.queue.script;
    const keepWaiting = () => again !== undefined && script.length === 0 && script.push(again);
    server.refuse = (method) => void (method === "init" && workflow.inits > 0 && keepWaiting());
    await server.until(() => workflow.inits > 0);
    const { workflowId, epoch } = workflow.grant;
    const value = create(CancelStageSchema, {
      stepRun: { workflowId, epoch, step: "slow", try: 1 },
      canceledBy: "ada",
    });
    server.directives = [{ id: "1", generation: "1", action: { case: "cancelStage", value } }];
    await server.until(() => server.directives.length === 0);
    server.refuse = () => {};
    server.queue.script = [runStage("slow"), GO_ON, STOP];
    await server.ended(workflow);
    assert.deepEqual(states(workflow), [StepState.RUNNING, StepState.CANCELED]);
  });

  test("gives a stage what a try of it left that was cut short, until it is reported", async (t) => {
    const stateDirectory = await temporaryFolder(t);
    const { server, agent, stageProgram } = await setUp(t, { stateDirectory });
    server.queue.script = [runStage("slow"), GO_ON];
    const first = server.queue.submit(RUN);
    await server.until(() => first.lines.has("slow"));
    agent.stop();
    await server.ended(first);
    assert.deepEqual(await readdir(join(stateDirectory, "vetting")), [`1-${await readBootId()}`]);
    await server.until(() => server.healthReports.some(({ bye }) => bye));

    first.done = undefined;
    server.queue.requeue(first, "200");
    server.queue.script = [runStage("slow"), GO_ON, runStage("quick"), GO_ON, STOP];
    await startAgent(t, server, { serves: "vetting", capacity: 1, stageProgram, stateDirectory });
    await server.ended(first);
    assert.match(first.blobs.get("slow/ocp.jsonl") ?? "", /"previous":\["ocp.jsonl"/);
    assert.doesNotMatch(first.blobs.get("quick/ocp.jsonl") ?? "", /previous/);
    await server.until(() => server.calls.get("done") === 2);
  });

  test("collects what the machine kept of a crash, in place of the stage that it happened in", async (t) => {
    const pstore = await temporaryFolder(t);
    await writeFile(join(pstore, "dmesg efi:1"), "Kernel panic - not syncing\n");
    const tools = await temporaryFolder(t);
    const dmesg = "#!/bin/sh\necho '[1.0] all is well'; echo '[1.1] mce: [Hardware Error]: bank 4'\n";
    await writeFile(join(tools, "dmesg"), dmesg, { mode: 0o755 });
    const crashSources = { pstore: [pstore, join(pstore, "absent")], env: { PATH: `${tools}:/usr/bin:/bin` } };
    const { server } = await setUp(t, { crashSources });
    server.queue.script = [collectCrash("cpu_stress"), GO_ON, STOP];
    const workflow = server.queue.submit(RUN);
    await server.ended(workflow);
    const report = workflow.updates.at(-1);
    assert.equal(report?.state, StepState.FAILED);
    assert.equal(report.error, "pstore keeps pstore-1-dmesg_efi_1; the kernel tells of 1 lines of hardware errors");
    assert.equal(workflow.blobs.get("cpu_stress/pstore-1-dmesg_efi_1"), "Kernel panic - not syncing\n");
    assert.equal(workflow.blobs.get("cpu_stress/hardware-errors.txt"), "[1.1] mce: [Hardware Error]: bank 4\n");
    assert.match(workflow.lines.get("cpu_stress")?.join() ?? "", /it started anew/);
  });

  test("shows the token that enrolled the agent in no log and no evidence", async (t) => {
    const { server } = await setUp(t);
    server.queue.script = [runStage("token"), GO_ON, STOP];
    const workflow = server.queue.submit(RUN);
    await server.ended(workflow);
    const told = [...workflow.blobs.values(), ...(workflow.lines.get("token") ?? [])].join("\n");
    assert.doesNotMatch(told, /gce_e/);
    assert.equal(workflow.blobs.get("token/cmdline.txt"), `groundcrew.token=${"*".repeat(47)} quiet\n`);
  });
});
