import { create } from "@bufbuild/protobuf";
import { AddMachineRequestSchema, SetSpecRequestSchema, StartVettingRequestSchema, Verdict } from "@groundcrew/proto";
import { INVENTORY_EXTENSION } from "@groundcrew/vetting";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { addMachine } from "../machines/add.ts";
import { findOne } from "../machines/find.ts";
import { newestInventory } from "../machines/read-inventory.ts";
import { testContext } from "../testing/context.ts";
import { done } from "../testing/fleet.ts";
import { baselineOfRun } from "./baseline.ts";
import { compareVetting } from "./compare.ts";
import { readReport } from "./read-report.ts";
import { readVetting } from "./read.ts";
import { getSpec, listSpecs, removeSpec, setSpec } from "./specs/specs.ts";
import { startVetting } from "./start.ts";
import { enrolVettingAgent, GOOD, HeldRun, moveToMachine, ocpWith, SPEC_PROFILE, stageOf } from "./testing/run.ts";

const SPEC = "name: box\ncpu: { threads: 8 }\ndisks: [{ count: 2, size: 960GB }]\n";

/** The record of an inventory with 8 threads and these disks. */
const inventory = (serials: string[]) =>
  ocpWith((ocp) => {
    ocp.measurement("cpu.threads", 8);
    const disks = serials.map((serial, n) => ({ name: `sd${n}`, sizeBytes: 960_197_124_096, serial }));
    const content = {
      cpu: { threads: 8, model: "ACME 9000" },
      disks,
      dmi: { sys_vendor: "ACME", product_name: "Box 9" },
    };
    ocp.extension(INVENTORY_EXTENSION, content);
  });

/** Starts a run with a specification and takes it to the stage after the comparison. */
async function compared(context: ServerContext, name: string, spec: object, serials: string[]) {
  const agent = await enrolVettingAgent(context, { name });
  await moveToMachine(context, agent, `host-${name}`);
  const profileFile = { path: "p.yaml", content: SPEC_PROFILE };
  const id = await startVetting(
    context,
    "alice",
    create(StartVettingRequestSchema, { target: name, profileFile, ...spec }),
  );
  const held = await HeldRun.take(context, agent);
  await held.init();
  const next = await held.report("inventory", { ocp: inventory(serials) });
  const stage = (await readVetting(context.db, id)).stages.find((each) => each.name === "spec_validate");
  assert.ok(stage);
  return { id, held, agent, next, stage };
}

suite("the comparison with the specification", () => {
  test("is made on the server after the inventory, and its record is kept and reported", async (t) => {
    const context = await testContext(t);
    const specFile = { path: "box.yaml", content: SPEC };
    const good = await compared(context, "vet-1", { specFile }, ["D1", "D2"]);
    assert.deepEqual(stageOf(good.next), { stage: "cpu_stress", try: 1 });
    assert.match(good.next.case === "runStage" ? good.next.value.factsJson : "", /"spec":\{.*"name":"box"/);
    assert.equal(good.stage.verdict, Verdict.PASS);
    assert.deepEqual(
      good.stage.evidence.map(({ name }) => name),
      ["ocp.jsonl"],
    );
    assert.equal((await readVetting(context.db, good.id)).spec, "box");

    const bad = await compared(context, "vet-2", { specFile }, ["D1"]);
    assert.equal(bad.stage.verdict, Verdict.FAIL);
    assert.match(bad.stage.reasons.join("\n"), /disks\[0\]: 2 × 960GB ± 1% is wanted, found: 1 × 960GB/);
    await bad.held.report("cpu_stress", { ocp: GOOD.cpu_stress });
    assert.equal(await done(context, bad.agent, bad.held), "failed");
    const html = Buffer.concat(await Array.fromAsync(readReport(context, bad.id))).toString();
    assert.match(html, /disks\[0\]: 2 × 960GB/);
    const machine = await findOne(context.db, "machine", "vet-2");
    const newest = await context.db.transaction().execute((tx) => newestInventory(tx, context, machine));
    assert.equal(newest.inventory.disks?.length, 1);
  });

  test("is skipped, with the profile's reason, by a run without one", async (t) => {
    const context = await testContext(t);
    const { stage } = await compared(context, "vet-1", {}, ["D1"]);
    assert.deepEqual([stage.verdict, stage.reasons], [Verdict.SKIP, ["none was given"]]);
  });

  test("takes the one the machine is bound to, and the disks that it was delivered with", async (t) => {
    const context = await testContext(t);
    const set = (content: string) =>
      setSpec(context.db, "alice", create(SetSpecRequestSchema, { file: { path: "s", content } }));
    assert.equal((await set(SPEC)).replaced, false);
    assert.equal((await set(SPEC)).replaced, true);
    await assert.rejects(set("name: x\ncpu: { modle: y }"), /s:2:8: cpu\.modle: no such key/);
    const said = { name: "node-1", serial: "SN-host-vet-1", diskSerials: ["D1", "D3"], spec: "box" };
    const agent = await enrolVettingAgent(context, { name: "vet-1" });
    await moveToMachine(context, agent, "host-vet-1");
    await addMachine(context, "alice", create(AddMachineRequestSchema, said));
    assert.deepEqual(
      (await listSpecs(context.db)).map(({ name, machines }) => [name, machines]),
      [["box", 1]],
    );
    await assert.rejects(removeSpec(context.db, "box"), /1 machines are bound to/);
    await assert.rejects(getSpec(context.db, "other"), /no specification is called "other"/);
    const profileFile = { path: "p.yaml", content: SPEC_PROFILE };
    const request = create(StartVettingRequestSchema, { target: "node-1", profileFile });
    const id = await startVetting(context, "alice", request);
    const held = await HeldRun.take(context, agent);
    await held.init();
    await held.report("inventory", { ocp: inventory(["D1", "D2"]) });
    const reasons = (await readVetting(context.db, id)).stages[1]?.reasons.join("\n") ?? "";
    assert.match(reasons, /declared\.disk_serials: D3 is wanted, found: no disk with this serial/);
    assert.match(reasons, /no others is wanted, found: sd1 \(960\.2GB, serial D2\)/);
    assert.doesNotMatch(reasons, /disks\[0\]/);
  });
});

suite("the figures of a run", () => {
  test("are compared with those of machines alike, the newest run of each, and with another run's", async (t) => {
    const context = await testContext(t);
    const own = await compared(context, "vet-1", {}, ["D1"]);
    const { cohort } = await context.db.selectFrom("vetting_runs").selectAll().executeTakeFirstOrThrow();
    assert.equal(cohort, "ACME Box 9, ACME 9000");
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const agent = await enrolVettingAgent(context, { name: `like-${n}` });
      await moveToMachine(context, agent, `like-${n}`);
      const workflow_id = await startVetting(
        context,
        "bob",
        create(StartVettingRequestSchema, { target: `like-${n}`, profile: "demo" }),
      );
      await context.db.updateTable("workflows").set({ state: "succeeded" }).where("id", "=", workflow_id).execute();
      await context.db.updateTable("vetting_runs").set({ cohort }).where("workflow_id", "=", workflow_id).execute();
      const figure = { workflow_id, stage: "inventory", metric: "cpu.threads", unit: "", value: 64 };
      await context.db.insertInto("vetting_figures").values(figure).execute();
      ids.push(workflow_id);
    }
    const positions = await baselineOfRun(context.db, own.id);
    assert.deepEqual(
      positions.map(({ metric, value, verdict, baseline }) => [metric, value, verdict, baseline?.n]),
      [["cpu.threads", 8, "warn", 6]],
    );
    const { figures = [] } = await compareVetting(context.db, {
      $typeName: "groundcrew.v1.CompareVettingRequest",
      id: own.id,
      otherId: ids[0] ?? "",
    });
    assert.deepEqual([figures[0]?.other, figures[0]?.verdict], [64, Verdict.WARN]);
  });
});
