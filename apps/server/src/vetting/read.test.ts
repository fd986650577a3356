import { create } from "@bufbuild/protobuf";
import {
  ListVettingRunsRequestSchema,
  ReportFormat,
  StepState,
  Verdict,
  WorkflowState,
  type VettingRun,
} from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { INVENTORY_EXTENSION, type Inventory, readPublicKey, sha256Of, verifyAttestation } from "@groundcrew/vetting";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KeyRing, keyOf } from "../secrets/key-ring.ts";
import { testContext } from "../testing/context.ts";
import { done } from "../testing/fleet.ts";
import { operatorClient } from "../testing/operator.ts";
import { cancelWorkflow } from "../workflows/cancel.ts";
import { openSigningKey, publishedKeys } from "./attestation-keys.ts";
import { listVettingRuns, readVetting } from "./read.ts";
import { enrolVettingAgent, GOOD, HeldRun, moveToMachine, ocpWith, PROFILE, start } from "./testing/run.ts";
import { samplesOf } from "./samples.ts";
import { watchVetting } from "./watch.ts";

/** Longer than any test: a watch that hangs fails it. */
const deadline = () => AbortSignal.timeout(20_000);

async function next(watch: AsyncGenerator<VettingRun>): Promise<VettingRun> {
  const { value } = await watch.next();
  assert.ok(value, "the watch ended");
  return value as VettingRun;
}

function inventoryRecord(inventory: Inventory): string {
  return ocpWith((ocp) => {
    ocp.measurement("cpu.threads", inventory.cpu?.threads ?? 0);
    ocp.extension(INVENTORY_EXTENSION, inventory);
  });
}

const isNotFound = (error: unknown) => error instanceof ConnectError && error.code === Code.NotFound;

suite("what people see of vetting runs", () => {
  test("a watch shows each step of a run, and ends with it", async (t) => {
    const context = await testContext(t);
    const agent = await enrolVettingAgent(context, { name: "vet-1" });
    const id = await start(context, "vet-1");
    const watch = watchVetting(context, id, deadline());
    const queued = await next(watch);
    assert.equal(queued.workflow?.state, WorkflowState.QUEUED);
    assert.equal(queued.stage, "waiting");
    assert.equal(queued.verdict, Verdict.UNSPECIFIED);
    assert.equal(queued.stages.length, 10);
    assert.equal(queued.machine?.agents[0], "vet-1");

    const held = await HeldRun.take(context, agent);
    await held.init();
    const seen: VettingRun[] = [];
    const all = (async () => {
      for await (const run of watch) seen.push(run);
    })();
    await held.report("inventory", { ocp: GOOD.inventory });
    await held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    await done(context, agent, held);
    await all;
    const last = seen.at(-1);
    assert.equal(last?.workflow?.state, WorkflowState.SUCCEEDED);
    assert.equal(last.stage, "passed");
    assert.deepEqual(last, await readVetting(context.db, id));
  });

  test("a list is newest first, in pages, and without stages", async (t) => {
    const context = await testContext(t);
    const agents = await Promise.all(["a", "b", "c"].map((name) => enrolVettingAgent(context, { name })));
    const ids: string[] = [];
    for (const agent of agents) {
      await moveToMachine(context, agent, agent.name);
      ids.push(await start(context, agent.name));
    }
    const list = (token: string) =>
      listVettingRuns(context.db, create(ListVettingRunsRequestSchema, { page: { size: 2, token } }));
    const first = await list("");
    const second = await list(first.nextPageToken ?? "");
    assert.deepEqual(
      [...(first.runs ?? []), ...(second.runs ?? [])].map((run) => [run.id, run.machine?.identity?.hostname]),
      [
        [ids[2], "c"],
        [ids[1], "b"],
        [ids[0], "a"],
      ],
    );
    assert.equal(second.nextPageToken, "");
    assert.ok(first.runs?.every((run) => run.stages?.length === 0));
    await assert.rejects(list("nonsense"), /page\.token/);
  });

  test("a client starts a run, and fetches its report once that is ready", async (t) => {
    const context = await testContext(t);
    const { client } = await operatorClient(t, context, "operator");
    const agent = await enrolVettingAgent(context, { name: "vet-1" });
    const request = { target: "vet-1", profileFile: { path: "bench.yaml", content: PROFILE } };
    const { run } = await client.startVetting(request);
    assert.ok(run);
    const fetchReport = async () => {
      const parts = await Array.fromAsync(client.getVettingReport({ id: run.id }));
      return Buffer.concat(parts.map(({ data }) => data)).toString();
    };
    const early = await fetchReport().catch((error: unknown) => error);
    assert.ok(early instanceof ConnectError);
    assert.equal(early.code, Code.FailedPrecondition);
    assert.match(early.message, /it is queued, at stage waiting/);

    const held = await HeldRun.take(context, agent);
    await held.init();
    await held.report("inventory", { ocp: GOOD.inventory });
    await held.report("cpu_stress", { state: StepState.TIMED_OUT });
    await done(context, agent, held);
    assert.match(await fetchReport(), /A required stage could not be judged/);
    const [last] = (await Array.fromAsync(client.watchVettingRun({ id: run.id }))).map((shown) => shown.run);
    assert.deepEqual((await client.getVettingRun({ id: run.id })).run, last);
    assert.equal((await client.listVettingRuns({})).runs[0]?.verdict, Verdict.ERROR);

    const stage = last?.stages.find(({ name }) => name === "inventory");
    const [file] = stage?.evidence ?? [];
    assert.ok(file);
    const parts = await Array.fromAsync(client.getVettingEvidence({ id: run.id, blobId: file.id }));
    assert.equal(Buffer.concat(parts.map(({ data }) => data)).toString(), GOOD.inventory);
    for (const [id, blobId] of [
      ["9", file.id],
      [run.id, "9999"],
    ] as const) {
      await assert.rejects(Array.fromAsync(client.getVettingEvidence({ id, blobId })), isNotFound);
    }
  });

  test("a report is there in every format, and its attestation is signed over the others", async (t) => {
    const context = await testContext(t);
    const { client } = await operatorClient(t, context, "viewer");
    const agent = await enrolVettingAgent(context, { name: "vet-1" });
    const id = await start(context, "vet-1");
    const held = await HeldRun.take(context, agent);
    await held.init();
    const at = new Date();
    const sample = { workflow_id: id, epoch: held.epoch, at, kind: "temperature", key: "cpu/Core 0", unit: "celsius" };
    const values = [41, 99, 42].map((value, n) => ({ ...sample, value, at: new Date(at.getTime() + n) }));
    await context.db.insertInto("samples").values(values).execute();
    await held.report("inventory", { ocp: inventoryRecord({ cpu: { threads: 8, model: "Example" } }) });
    await held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    await done(context, agent, held);

    const fetched = async (format: ReportFormat) => {
      const parts = await Array.fromAsync(client.getVettingReport({ id, format }));
      return Buffer.concat(parts.map(({ data }) => data)).toString();
    };
    assert.match(await fetched(ReportFormat.UNSPECIFIED), /Temperatures: 1 sensors from 41 to 99 celsius/);
    assert.match(await fetched(ReportFormat.OCP), /^{"sequenceNumber":0,.*"schemaVersion":{"major":2,"minor":0}}\n/);
    assert.match(await fetched(ReportFormat.JUNIT), /<testcase name="inventory" classname="vetting.bench" time="/);
    assert.equal(await fetched(ReportFormat.INVENTORY), '{"cpu":{"model":"Example","threads":8}}\n');
    const { keys } = await client.listAttestationKeys({});
    const key = readPublicKey(keys[0]?.publicKey ?? "");
    const result = verifyAttestation(await fetched(ReportFormat.ATTESTATION), key);
    assert.ok(result.ok);
    const formats = [ReportFormat.HTML, ReportFormat.OCP, ReportFormat.JUNIT, ReportFormat.INVENTORY];
    const digests = await Promise.all(formats.map(async (format) => sha256Of(await fetched(format))));
    assert.deepEqual(
      result.statement.subject.map(({ digest }) => digest["sha256"]),
      digests,
    );
    assert.equal(result.statement.predicate.result, "PASSED");
    await assert.rejects(fetched(9 as ReportFormat), /format is 9/);
  });

  test("the key of attestations is made once, kept encrypted, and moved to the server's newest secret key", async (t) => {
    const context = await testContext(t);
    await Promise.all([openSigningKey(context), openSigningKey(context)]);
    const rows = () => context.db.selectFrom("attestation_keys").selectAll().orderBy("created_at", "desc").execute();
    const [first, ...others] = await rows();
    assert.ok(first && others.length === 0);
    assert.ok(!Buffer.from(first.sealed).includes("PRIVATE KEY"));
    const recent = keyOf(Buffer.alloc(32, "new"));
    await openSigningKey({ ...context, keys: new KeyRing([recent, context.keys.first]) });
    assert.deepEqual(
      (await rows()).map(({ id, key_id }) => [id, key_id]),
      [[first.id, recent.id]],
    );
    await openSigningKey(context);
    assert.equal((await rows()).length, 2, "without the key that it is encrypted with, another is made");
    assert.deepEqual((await publishedKeys(context.db)).map(({ id }) => id)[1], first.id, "and the first is still told");
  });

  test("a run canceled in the queue is shown as canceled", async (t) => {
    const context = await testContext(t);
    await enrolVettingAgent(context, { name: "vet-1" });
    const id = await start(context, "vet-1");
    await cancelWorkflow(context, id, "bob");
    const [shown] = await Array.fromAsync(watchVetting(context, id, deadline()));
    assert.deepEqual([shown?.stage, shown?.verdict], ["canceled", Verdict.CANCELED]);
  });

  test("what does not exist is not found", async (t) => {
    const context = await testContext(t);
    const { client } = await operatorClient(t, context, "operator");
    await assert.rejects(client.getVettingRun({ id: "9" }), isNotFound);
    await assert.rejects(Array.fromAsync(client.watchVettingRun({ id: "9" })), isNotFound);
    await assert.rejects(Array.fromAsync(client.getVettingReport({ id: "9" })), isNotFound);
    await assert.rejects(client.getVettingRun({ id: "-1" }), /\[invalid_argument\] id is "-1"/);
  });

  test("sensor readings come whole, or with each sensor's peaks where there are too many", async (t) => {
    const { db } = await testContext(t);
    const at = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000);
    const reading = (key: string, second: number, value: number) => ({
      workflow_id: "7",
      epoch: "1",
      kind: "temperature",
      key,
      value,
      unit: "celsius",
      at: at(second),
    });
    const hot = Array.from({ length: 1000 }, (_, n) => reading("core", n * 5, n === 567 ? 104 : 50 + (n % 2)));
    await db
      .insertInto("samples")
      .values([...hot, reading("board", 0, 31), { ...reading("board", 0, 99), workflow_id: "8" }])
      .execute();
    assert.equal((await samplesOf(db, "7")).length, 1001);
    const few = await samplesOf(db, "7", 100);
    assert.ok(few.length <= 200 && few.length > 50, String(few.length));
    assert.deepEqual(few[0], { kind: "temperature", key: "board", value: 31, unit: "celsius", atMs: at(0).getTime() });
    const peak = few.find(({ value }) => value === 104);
    assert.equal(peak?.atMs, at(567 * 5).getTime());
    assert.deepEqual(await samplesOf(db, "9"), []);
  });
});
