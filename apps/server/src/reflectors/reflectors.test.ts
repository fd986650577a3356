import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AddReflectorRequestSchema, FieldViolationSchema } from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { testContext } from "../testing/context.ts";
import { enrolVettingAgent, HeldRun, moveToMachine, ocpOf, PROFILE, start } from "../vetting/testing/run.ts";
import { addReflector } from "./add.ts";
import { leaseReflector } from "./lease.ts";
import { readReflectors } from "./reflector-message.ts";

type Added = MessageInitShape<typeof AddReflectorRequestSchema>;

/** A profile whose one stage measures the network. */
const LINK = PROFILE.replace(/ {2}inventory:\n(?: {4}.*\n)+/, "  inventory: { skip: not today }\n")
  .replace(/ {2}cpu_stress:\n(?: {4}.*\n)+/, "  cpu_stress: { skip: not today }\n")
  .replace(
    "network: { skip: not today }",
    `network: { timeout: 60s, gates: [{ metric: network.bits_per_second, op: ">", value: 0 }] }`,
  );

/** Two machines with an agent and a run each, both at their network stage. */
async function twoRuns(t: TestContext) {
  const context = await testContext(t);
  const runs = [];
  for (const name of ["a", "b"]) {
    const agent = await enrolVettingAgent(context, { name });
    await moveToMachine(context, agent, name);
    await start(context, name, { profileFile: { path: "link.yaml", content: LINK } });
    runs.push(await HeldRun.take(context, agent));
  }
  const [one, other] = runs;
  assert.ok(one && other);
  const add = (request: Added) => addReflector(context, create(AddReflectorRequestSchema, request), "alice");
  return { context, one, other, add };
}

/** What a run's agent is told of its partner. */
async function partnerOf(run: HeldRun): Promise<unknown> {
  const action = await run.init();
  if (action.case !== "runStage") return action.case;
  const facts = JSON.parse(action.value.factsJson) as { reflector?: unknown; reflectorAbsent?: unknown };
  return facts.reflector ?? facts.reflectorAbsent;
}

suite("reflectors", () => {
  test("a run has a slot to itself until its stage is judged; another waits for it meanwhile", async (t) => {
    const { context, one, other, add } = await twoRuns(t);
    await add({ host: "10.0.0.5", capacityBitsPerSecond: "25000000000" });
    const partner = { host: "10.0.0.5", port: 5201, capacityBitsPerSecond: 25e9 };
    assert.deepEqual(await partnerOf(one), partner);
    assert.deepEqual(await partnerOf(one), partner, "asked again");
    assert.equal(await partnerOf(other), "wait");
    assert.deepEqual(
      (await readReflectors(context.db)).map(({ leasedSlots, slots }) => [leasedSlots, slots]),
      [[1, 1]],
    );
    await one.report("network", { ocp: ocpOf({ "network.bits_per_second": 1 }) });
    assert.deepEqual(await partnerOf(other), partner);
  });

  test("slots share the host's capacity, and each has a port of its own", async (t) => {
    const { one, other, add } = await twoRuns(t);
    await add({ host: "10.0.0.5", port: 6000, slots: 2, capacityBitsPerSecond: "20000000000" });
    assert.deepEqual(await partnerOf(one), { host: "10.0.0.5", port: 6000, capacityBitsPerSecond: 10e9 });
    assert.deepEqual(await partnerOf(other), { host: "10.0.0.5", port: 6001, capacityBitsPerSecond: 10e9 });
  });

  test("a slot comes back when its time is over, and when its run has ended", async (t) => {
    const { context, one, other, add } = await twoRuns(t);
    await add({ host: "10.0.0.5" });
    const lease = (run: HeldRun, forMs: number) =>
      context.db.transaction().execute((tx) => leaseReflector(tx, run.workflowId, forMs));
    assert.equal((await lease(one, 0)).kind, "leased");
    assert.equal((await lease(other, 60_000)).kind, "leased");
    assert.equal((await lease(one, 60_000)).kind, "busy");
    await context.db
      .updateTable("workflows")
      .set({ state: "canceled", end_reason: "canceled" })
      .where("id", "=", other.workflowId)
      .execute();
    assert.equal((await lease(one, 60_000)).kind, "leased");
  });

  test("without any, and with one whose server process is gone, a run is told so", async (t) => {
    const { context, one, other } = await twoRuns(t);
    assert.match(String(await partnerOf(one)), /there is no reflector.*--reflector-ports.*crew reflectors add/);
    const gone = { host: "h", port: 1, slots: 1, replica: "gone", added_by: "server" };
    await context.db.insertInto("reflectors").values(gone).execute();
    assert.equal(await partnerOf(other), "wait");
  });

  test("what nobody could dial is refused, naming the field and the value", async (t) => {
    const context = await testContext(t);
    const add = (request: Added) => addReflector(context, create(AddReflectorRequestSchema, request), "alice");
    const bad: [Added, string][] = [
      [{ host: "" }, "host"],
      [{ host: "-c" }, "host"],
      [{ host: "a b" }, "host"],
      [{ host: "h", port: 70_000 }, "port"],
      [{ host: "h", port: 65_535, slots: 2 }, "slots"],
      [{ host: "h", capacityBitsPerSecond: "-1" }, "capacity_bits_per_second"],
    ];
    for (const [request, field] of bad) {
      await assert.rejects(add(request), (error: unknown) => {
        assert.ok(error instanceof ConnectError && error.code === Code.InvalidArgument, String(error));
        return detailOf(error, FieldViolationSchema)?.field === field;
      });
    }
    await add({ host: "h" });
    await assert.rejects(add({ host: "h", port: 5201 }), /a reflector h:5201 already/);
  });
});
