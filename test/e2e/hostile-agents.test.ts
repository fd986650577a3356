import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EndReason, StepState, WorkflowState, WorkKind, type Grant } from "@groundcrew/proto";
import { Code, PROTOCOL_MAX } from "@groundcrew/rpc";
import {
  dialAsAgent,
  enrolmentToken,
  enrolRawAgent,
  startServer,
  submit,
  type PeerClient,
  type RawAgentInfo,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { grpcCall } from "./support/grpc-call.ts";
import { refusedAs, refusedAsStale, refusedField } from "./support/refusal.ts";

const TEXT = "x".repeat(300);
const NUL = "a\0b";

// That the server lives on is checked at its end: see TestServer.close.
test("what an agent says is hostile input", { concurrency: true }, async (t) => {
  const server = await startServer(t);

  t.test("at its registration", async (t) => {
    const { client } = await dialAsAgent(t, server, await enrolmentToken(server));
    const info = { name: "liar", platform: "p", backend: "b", version: "v", capacity: 1, serves: WorkKind.BUILD };
    const register = (lie: RawAgentInfo, machine: object = {}) =>
      client.registerAgent({ info: { ...info, machine, ...lie }, protocolVersion: PROTOCOL_MAX });
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`l${n}`, ""]));
    const lies: [lie: RawAgentInfo, field: string][] = [
      [{ capacity: 0 }, "info.capacity"],
      [{ capacity: 1025 }, "info.capacity"],
      [{ capacity: 2 ** 32 - 1 }, "info.capacity"],
      [{ capacity: 2, serves: WorkKind.VETTING }, "info.capacity"],
      [{ serves: WorkKind.UNSPECIFIED }, "info.serves"],
      [{ serves: 99 as WorkKind }, "info.serves"],
      [{ name: "" }, "info.name"],
      [{ name: "Liar" }, "info.name"],
      [{ name: "../etc" }, "info.name"],
      [{ name: "x".repeat(64) }, "info.name"],
      [{ version: TEXT }, "info.version"],
      [{ platform: NUL }, "info.platform"],
      [{ bootId: TEXT }, "info.boot_id"],
      [{ labels: many(65) }, "info.labels"],
      [{ labels: many(20_000) }, "info.labels"],
      [{ labels: { [TEXT]: "" } }, "info.labels key"],
      [{ capabilities: Array.from({ length: 65 }, () => "c") }, "capabilities"],
    ];
    for (const [lie, field] of lies) await refusedField(register(lie), field);
    await refusedField(register({}, { systemUuid: TEXT }), "info.machine.systemUuid");
    await refusedField(client.registerAgent({ protocolVersion: PROTOCOL_MAX }), "info");
    // The token is as good as new.
    assert.equal((await register({})).generation, "1");
  });

  t.test("about its work", async (t) => {
    const label = randomBytes(4).toString("hex");
    const { client, take } = await enrolRawAgent(t, server, { labels: { only: label } });
    await submit(server, `workflows: { w: { labels: { only: ${label} }, steps: [{ name: s, run: "true" }] } }`);
    const [{ workflowId, epoch }] = (await take()) as [Grant];
    const lease = { workflowId, epoch };
    await client.init(lease);
    const stepRun = { ...lease, step: "s", try: 1 };
    const update = (lie: object) => client.update({ stepRun, sequence: 1, state: StepState.RUNNING, ...lie });
    const enqueue = (lie: object) => client.enqueueLog({ stepRun, baseTime: timestampFromMs(0), ...lie });
    const done = { ...lease, state: WorkflowState.SUCCEEDED, endReason: EndReason.COMPLETED };
    const line = { text: Buffer.alloc(1) };
    const lies: [call: () => Promise<unknown>, field: string][] = [
      [() => client.next({ pollId: "", freeSlots: 1 }), "poll_id"],
      [() => client.next({ pollId: TEXT, freeSlots: 1 }), "poll_id"],
      [() => client.next({ pollId: "p", freeSlots: 0 }), "free_slots"],
      [() => client.next({ pollId: "p", freeSlots: 2 ** 32 - 1 }), "free_slots"],
      [() => client.init({ workflowId: "0", epoch }), "workflow_id"],
      [() => client.init({ workflowId: "-5", epoch }), "workflow_id"],
      [() => client.init({ workflowId, epoch: "-1" }), "epoch"],
      [() => client.wait({ workflowId, epoch: "0" }), "epoch"],
      [() => update({ stepRun: undefined }), "step_run"],
      [() => update({ stepRun: { ...stepRun, step: "another" } }), "step_run.step"],
      [() => update({ stepRun: { ...stepRun, step: "" } }), "step_run.step"],
      [() => update({ stepRun: { ...stepRun, try: 0 } }), "step_run.try"],
      [() => update({ stepRun: { ...stepRun, try: 1_000_000 } }), "step_run.try"],
      [() => update({ state: 99 }), "state"],
      [() => update({ sequence: 0 }), "sequence"],
      [() => update({ signal: TEXT }), "signal"],
      [() => update({ startedAt: timestampFromMs(Date.UTC(9999, 11, 31) + 1e11) }), "started_at"],
      [() => enqueue({ stepRun: { ...stepRun, step: "another" }, entries: [line] }), "step_run.step"],
      [() => enqueue({ firstLine: 2 ** 32 - 1, entries: [line, line] }), "first_line"],
      [() => enqueue({ firstLine: 1, lostBefore: 2, entries: [line] }), "lost_before"],
      [() => enqueue({ baseTime: undefined, entries: [line] }), "base_time"],
      [() => enqueue({ entries: [{ text: Buffer.alloc(4 * 1024 * 1024 + 1) }] }), "entries"],
      [() => client.done({ ...done, state: WorkflowState.LOST }), "state"],
      [() => client.done({ ...done, state: WorkflowState.SKIPPED }), "state"],
      [() => client.done({ ...done, state: 99 as WorkflowState }), "state"],
      [() => client.done({ ...done, endReason: EndReason.UNSPECIFIED }), "end_reason"],
      [() => client.reportHealth({ load1m: Number.NaN }), "load_1m"],
      [() => client.reportHealth({ freeSlots: 2 ** 32 - 1 }), "free_slots"],
      [() => client.extend({ leases: Array.from({ length: 2_000 }, () => lease) }), "leases"],
      [() => putBlob(client, { stepRun, name: "../../etc/passwd" }), "header.name"],
      [() => putBlob(client, { stepRun, size: "-1" }), "header.size"],
      [() => putBlob(client, { stepRun, sha256: Buffer.alloc(31) }), "header.sha256"],
    ];
    for (const [call, field] of lies) await refusedField(call(), field);
    await refusedAsStale(client.done({ ...done, workflowId: "1000000" }), epoch);
    await refusedAsStale(client.done({ ...done, epoch: "1000000" }), "1000000");
    const { workflow } = await server.operator.getWorkflow({ id: workflowId });
    assert.deepEqual([workflow?.state, workflow?.stepRuns], [WorkflowState.RUNNING, []], "no lie left a trace");
    await client.done(done);
  });

  t.test("about another agent's work", async (t) => {
    const label = randomBytes(4).toString("hex");
    const owner = await enrolRawAgent(t, server, { labels: { only: label } });
    const thief = await enrolRawAgent(t, server);
    await submit(server, `workflows: { w: { labels: { only: ${label} }, steps: [{ name: s, run: "true" }] } }`);
    const [{ workflowId, epoch }] = (await owner.take()) as [Grant];
    await owner.client.init({ workflowId, epoch });
    const done = { workflowId, epoch, state: WorkflowState.FAILED, endReason: EndReason.STEP_FAILED };
    await refusedAsStale(thief.client.done(done), epoch);
    const { workflow } = await server.operator.getWorkflow({ id: workflowId });
    assert.equal(workflow?.state, WorkflowState.RUNNING);
    await owner.client.done({ ...done, state: WorkflowState.SUCCEEDED, endReason: EndReason.COMPLETED });
  });

  t.test("in messages that are too large, or no messages at all", async () => {
    const path = "/groundcrew.v1.PeerService/RegisterAgent";
    const huge = await grpcCall(server.url, path, Buffer.alloc(8 * 1024 * 1024 + 1));
    assert.equal(huge.status, Code.ResourceExhausted);
    assert.match(huge.statusMessage, /larger than max/);
    const garbage = await grpcCall(server.url, path, randomBytes(1_000));
    assert.notEqual(garbage.status, 0);
    assert.doesNotMatch(garbage.statusMessage, /\n\s+at /, "no stack trace");
    const { port, hostname } = new URL(server.url);
    const socket = connect(Number(port), hostname).on("error", () => undefined);
    socket.end("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.resume();
    await once(socket, "close");
  });

  await t.test("and an agent that is refused is refused with a word", async (t) => {
    const { client } = await dialAsAgent(t, server, `gca_${randomBytes(32).toString("base64url")}`);
    await refusedAs(client.extend({}), Code.Unauthenticated);
  });
});

async function putBlob(client: PeerClient, lie: object): Promise<unknown> {
  const header = { name: "f", contentType: "text/plain", size: "1", sha256: Buffer.alloc(32), offset: "0", ...lie };
  async function* parts() {
    yield { part: { case: "header" as const, value: header } };
    yield { part: { case: "data" as const, value: Buffer.alloc(1) } };
  }
  return client.putBlob(parts());
}
