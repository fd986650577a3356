import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { StepState, WorkflowState } from "@groundcrew/proto";
import { judgeStage, type Gate, type StageResult } from "@groundcrew/vetting";
import { isExtraStage } from "@groundcrew/vetting/lean";
import { parseListedStage, parseListedStages, type ListedStage } from "./stages/listed-stage.ts";
import type { FakeWorkflow, Work } from "./testing/fake-queue.ts";
import { FakeServer } from "./testing/fake-server.ts";
import { startAgent, temporaryFolder } from "./testing/test-agent.ts";
import { BoundedFile } from "./workflows/bounded-file.ts";

const RUN: Work = { plan: { case: "vetting", value: { profile: "demo" } } };
const GO_ON = { action: { case: "goOn" as const, value: {} } };
const STOP = { action: { case: "stop" as const, value: { state: WorkflowState.SUCCEEDED } } };
const EXAMPLES = fileURLToPath(new URL("../../../examples/stages", import.meta.url));

async function listed(name: string, path: string): Promise<ListedStage> {
  assert.ok(isExtraStage(name));
  return {
    name,
    path,
    sha256: createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  };
}

/** A stage of one's own, in shell. */
async function script(t: TestContext, name: string, lines: string[]): Promise<ListedStage> {
  const path = join(await temporaryFolder(t), "stage.sh");
  await writeFile(path, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
  return listed(name, path);
}

/** Runs one stage on an agent whose settings list these. */
async function run(
  t: TestContext,
  stages: ListedStage[],
  stage: string,
  more: { timeoutMs?: number; json?: string } = {},
) {
  const server = await FakeServer.start(t);
  await startAgent(t, server, { serves: "vetting", capacity: 1, listedStages: stages });
  const { timeoutMs = 20_000, json: parametersJson = "{}" } = more;
  const runStage = { action: { case: "runStage" as const, value: { stage, try: 1, timeoutMs, parametersJson } } };
  server.queue.script = [runStage, GO_ON, STOP];
  const workflow = server.queue.submit(RUN);
  await server.ended(workflow);
  return { server, workflow, end: workflow.updates.at(-1) };
}

/** What a profile with this gate says of what a stage left. */
function judged(workflow: FakeWorkflow, stage: string, gate: Partial<Gate> & { metric: string }): StageResult {
  assert.ok(isExtraStage(stage));
  const gates: Gate[] = [{ op: "=", value: 0, severity: "fail", optional: false, ...gate }];
  const profile = { name: stage, required: true, timeoutMs: 1000, parameters: {}, gates };
  return judgeStage(profile, { outcome: "completed", ocp: workflow.blobs.get(`${stage}/ocp.jsonl`) ?? "" });
}

/** The lines of a record with this in it. */
function record(artifact: object, end: object = { status: "COMPLETE", result: "PASS" }): string[] {
  const start = { name: "x", version: "1", commandLine: "x", parameters: {}, dutInfo: { dutInfoId: "d" } };
  const records = [
    { schemaVersion: { major: 2, minor: 0 } },
    { testRunArtifact: { testRunStart: start } },
    { testStepArtifact: { testStepId: "0", ...artifact } },
    { testRunArtifact: { testRunEnd: end } },
  ];
  return records.map((one) => `echo '${JSON.stringify(one)}' >&3`);
}

/** False once it has ended, whether or not anybody has asked how. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) Z /.test(stat);
}

suite("a third party's stage", () => {
  test("in shell is run, and its record, files and log are kept", async (t) => {
    const { workflow, server } = await run(
      t,
      [await listed("example.kernel", join(EXAMPLES, "kernel.sh"))],
      "example.kernel",
    );
    const metric = "example.kernel.entropy_bits";
    assert.deepEqual(judged(workflow, "example.kernel", { metric, op: ">=" }).verdict, "pass");
    assert.ok(workflow.blobs.has("example.kernel/uname.txt"));
    assert.match(workflow.lines.get("example.kernel")?.join("\n") ?? "", /example\.kernel\.tainted is \d/);
    assert.ok(server.registrations[0]?.info?.capabilities.includes("stage:example.kernel"));
  });

  test("in Python is run, with the profile's parameters", async (t) => {
    const stages = [await listed("example.clock", join(EXAMPLES, "clock.py"))];
    const { workflow } = await run(t, stages, "example.clock", { json: '{"seconds":0.05}' });
    const result = judged(workflow, "example.clock", { metric: "example.clock.backwards" });
    assert.deepEqual([result.verdict, result.reasons], ["pass", []]);
    assert.match(workflow.blobs.get("example.clock/ocp.jsonl") ?? "", /"parameters": {"seconds": 0.05}/);
  });

  test("that this agent does not list is not run, and the reason says what to add", async (t) => {
    const { end } = await run(t, [], "acme.fans");
    assert.equal(end?.state, StepState.FAILED);
    assert.equal(end.exitCode, undefined);
    assert.match(end.error, /settings list no stage acme\.fans: add --stage acme\.fans=PATH@sha256:DIGEST/);
  });

  test("that has changed since it was listed is not run", async (t) => {
    const stage = await script(t, "acme.fans", ["echo unchanged"]);
    await writeFile(stage.path, "#!/bin/sh\necho changed\n");
    const { end, workflow } = await run(t, [stage], "acme.fans");
    assert.match(end?.error ?? "", /acme\.fans is not run: .* has sha256 [0-9a-f]{64}; listed is [0-9a-f]{64}/);
    assert.equal(workflow.lines.get("acme.fans")?.includes("changed") ?? false, false);
  });

  const lies: [what: string, artifact: object, verdict: string][] = [
    ["says PASS of what it measured to be wrong", { measurement: { name: "a.b", value: 3 } }, "fail"],
    ["says PASS and measures nothing", { diagnosis: { verdict: "all-good", type: "PASS" } }, "error"],
    ["measures words", { measurement: { name: "a.b", value: "0" } }, "error"],
  ];
  for (const [what, artifact, verdict] of lies) {
    test(`that ${what} does not pass`, async (t) => {
      const stage = await script(t, "acme.liar", record(artifact));
      const { workflow } = await run(t, [stage], "acme.liar");
      assert.equal(judged(workflow, "acme.liar", { metric: "a.b" }).verdict, verdict);
    });
  }

  test("can make its verdict worse: what it measured is good, and it says FAIL", async (t) => {
    const fails = record({ diagnosis: { verdict: "bad-fan", type: "FAIL" } }, { status: "COMPLETE", result: "FAIL" });
    const good = record({ measurement: { name: "a.b", value: 0 } }).slice(0, 3);
    const { workflow } = await run(t, [await script(t, "acme.strict", [...good, ...fails.slice(2)])], "acme.strict");
    assert.deepEqual(judged(workflow, "acme.strict", { metric: "a.b" }).reasons, [
      "the stage's own diagnosis: bad-fan",
    ]);
  });

  test("that floods and never ends is stopped at its limit, with its children", async (t) => {
    const stage = await script(t, "acme.flood", ["setsid sleep 1000 & echo $! > child.txt", "trap '' TERM", "yes >&3"]);
    const { workflow, end } = await run(t, [stage], "acme.flood", { timeoutMs: 1000 });
    assert.equal(end?.state, StepState.TIMED_OUT);
    const pid = Number(workflow.blobs.get("acme.flood/child.txt"));
    assert.ok(pid > 1);
    assert.equal(await isRunning(pid), false, "what it left in the background has ended");
    const kept = workflow.blobs.get("acme.flood/ocp.jsonl")?.length ?? 0;
    assert.ok(kept > 0 && kept <= 64 * 2 ** 20, `${kept} bytes are kept`);
  });
});

suite("a bounded file", () => {
  test("keeps the first bytes of what comes, and says that something did not fit", async (t) => {
    const path = join(await temporaryFolder(t), "f");
    const file = new BoundedFile(path, 10);
    await file.open();
    for (const part of ["0123", "4567"]) await file.sink(Buffer.from(part));
    assert.equal(file.isCut, false);
    for (const part of ["89ab", "cdef"]) await file.sink(Buffer.from(part));
    await file.close();
    assert.deepEqual([file.isCut, await readFile(path, "utf8")], [true, "0123456789"]);
  });
});

suite("--stage", () => {
  const digest = "AB".repeat(32);

  test("names a stage, a file and its digest", () => {
    const stage = parseListedStage(`acme.fans=/opt/a=b@c@sha256:${digest}`);
    assert.deepEqual(stage, { name: "acme.fans", path: "/opt/a=b@c", sha256: digest.toLowerCase() });
  });

  const wrong: [text: string, told: RegExp][] = [
    ["acme.fans", /expected NAME=PATH@sha256:DIGEST, not "acme\.fans"/],
    [`acme.fans=/x@sha256:12`, /expected NAME=PATH@sha256:DIGEST/],
    [`fans=/x@sha256:${digest}`, /"fans" is no name for a stage; expected one with a dot/],
    [`../a.b=/x@sha256:${digest}`, /is no name for a stage/],
  ];
  for (const [text, told] of wrong)
    test(`is refused as ${text.slice(0, 30)}`, () => assert.throws(() => parseListedStage(text), told));

  test("names each stage once", () => {
    const twice = ["/x", "/y"].map((path) => `a.b=${path}@sha256:${digest}`);
    assert.throws(() => parseListedStages(twice), /stage a\.b is listed twice/);
  });
});
