import { create } from "@bufbuild/protobuf";
import {
  AddMachineRequestSchema,
  MachineApproval,
  PipelineProblemsSchema,
  SetMachineApprovalRequestSchema,
} from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ConnectError, detailOf } from "@groundcrew/rpc";
import { findMachine } from "../agents/machine.ts";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { enrolVettingAgent, start } from "../vetting/testing/run.ts";
import { addMachine } from "./add.ts";
import { setApproval } from "./approve.ts";
import { importMachines } from "./import.ts";
import { readMachine } from "./read.ts";

const UUID = "4c4c4544-0042-3510-8052-b4c04f4a4232";

interface Marks {
  systemUuid?: string;
  serial?: string;
  boardSerial?: string;
  macs?: string[];
}

/** A machine as an agent tells it, enrolled with a token made for it unless said otherwise. */
function appears(context: ServerContext, marks: Marks, { invited = true } = {}): Promise<string> {
  const empty = {
    systemUuid: "",
    boardSerial: "",
    serial: "",
    macs: [],
    vendor: "ACME",
    product: "Box",
    hostname: "h",
  };
  const identity = { $typeName: "groundcrew.v1.MachineIdentity" as const, ...empty, ...marks };
  const sight = { identity, previousId: null, invited, policy: context.machines };
  return context.db.transaction().execute((tx) => findMachine(tx, sight));
}

const add = (context: ServerContext, said: object) =>
  addMachine(context, "alice", create(AddMachineRequestSchema, said));

function importOf(context: ServerContext, content: string) {
  const file = { $typeName: "groundcrew.v1.PipelineFile" as const, path: "d.csv", content };
  return importMachines(context, "alice", { $typeName: "groundcrew.v1.ImportMachinesRequest", file });
}

async function approve(context: ServerContext, machine: string, approval: MachineApproval): Promise<void> {
  await setApproval(context, "alice", create(SetMachineApprovalRequestSchema, { machine, approval }));
}

suite("a machine that an operator registers", () => {
  test("is the one whose agent appears later, by serial, UUID or address; what was said of it stays", async (t) => {
    const context = await testContext(t);
    const { id, added } = await add(context, { name: "node-1", serial: "S1", labels: { rack: "4" }, powerWatts: 600 });
    assert.ok(added);
    assert.equal(await appears(context, { serial: "S1", systemUuid: UUID, macs: ["02:00:00:00:00:01"] }), id);
    const machine = await readMachine(context.db, id);
    assert.deepEqual([machine.name, machine.labels, machine.powerWatts], ["node-1", { rack: "4" }, 600]);
    assert.deepEqual([machine.identity?.systemUuid, machine.registeredBy], [UUID, "alice"]);
    assert.equal(await appears(context, { systemUuid: UUID }), id, "the serial cannot be read any more");
    assert.deepEqual(await add(context, { serial: "S1", labels: { model: "x" } }), { id, added: false });
    assert.deepEqual((await readMachine(context.db, id)).labels, { rack: "4", model: "x" });
  });

  test("may be vetted before it has an agent: its run waits", async (t) => {
    const context = await testContext(t);
    await add(context, { name: "node-1", serial: "S1" });
    await start(context, "node-1");
  });

  const wrong: [object, RegExp][] = [
    [{ name: "n" }, /serial is "empty".*what tells the machine from others/],
    [{ name: "a b", serial: "S" }, /name is "a b"/],
    [{ serial: "S", macs: ["02:00"] }, /macs is "02:00"/],
    [{ systemUuid: "x" }, /system_uuid is "x".*a UUID/],
    [{ serial: "S", powerWatts: 2_000_000 }, /power_watts is/],
    [{ serial: "S", spec: "r640" }, /spec is "r640".*crew vet spec ls/],
  ];
  test("is refused with the field and the value", async (t) => {
    const context = await testContext(t);
    for (const [said, message] of wrong) await assert.rejects(add(context, said), message);
    await add(context, { name: "n", serial: "S1" });
    await assert.rejects(add(context, { name: "n", serial: "S2" }), /name is "n".*it is that of .*serial S1/);
  });
});

suite("a delivery", () => {
  test("is imported, and imported again without a second machine", async (t) => {
    const context = await testContext(t);
    const csv = "serial,macs,disk_serials,rack,label.row\nS1,02-00-00-00-00-0A 02:00:00:00:00:0b,D1 D2,4,b\nS2,,,5,\n";
    assert.deepEqual(await importOf(context, csv), { added: 2, updated: 0 });
    assert.deepEqual(await importOf(context, csv.replace(",5,", ",6,")), { added: 0, updated: 2 });
    const rows = await context.db.selectFrom("machines").selectAll().orderBy("serial").execute();
    assert.deepEqual(
      rows.map(({ labels }) => labels),
      [{ rack: "4", row: "b" }, { rack: "6" }],
    );
    assert.deepEqual(rows[0]?.declared, {
      macs: ["02:00:00:00:00:0a", "02:00:00:00:00:0b"],
      diskSerials: ["D1", "D2"],
    });
  });

  const table: [string, string, string[]][] = [
    ["an unknown column", "serial,colour\nS1,red", ["1:8: no such column: colour"]],
    ["a column twice", "serial,serial\nS1,S2", ["1:8: the column serial is there twice"]],
    ["a bad value", "serial,macs\nS1,02:00\nS2,xyz", ['2:4: macs is "02:00"', '3:4: macs is "xyz"']],
    ["a bad number", "serial,power_watts\nS1,1.5kW", ["2:4: power_watts is 1.5kW; a whole number is wanted"]],
    ["a machine without a mark", "name\nn1", ['2:1: serial is "empty"']],
    ["a machine twice", "serial\nS1\nS1", ["3:1: serial S1 is also in line 2"]],
    ["too many cells", "serial\nS1,S2", ["2:4: more cells than the 1 columns"]],
    ["a specification that is not there", "serial,spec\nS1,\nS2,r640", ["3:1: "]],
    ["nothing", "", ["1:1: it is empty"]],
  ];
  test("with a mistake is refused whole, with line and column", async (t) => {
    const context = await testContext(t);
    for (const [what, csv, wanted] of table) {
      const error: unknown = await importOf(context, csv).catch((reason: unknown) => reason);
      assert.ok(error instanceof ConnectError, what);
      const problems = detailOf(error, PipelineProblemsSchema)?.problems ?? [];
      const told = problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
      assert.equal(told.length, wanted.length, what);
      wanted.forEach((start, index) => assert.ok(told[index]?.startsWith(start), `${what}: ${told[index]}`));
    }
    assert.deepEqual(await context.db.selectFrom("machines").select("id").execute(), []);
  });
});

suite("a machine that appears by itself", () => {
  test("is approved when its agent was invited, and else waits for an operator", async (t) => {
    const context = await testContext(t);
    const approvalOf = async (id: string) => (await readMachine(context.db, id)).approval;
    assert.equal(await approvalOf(await appears(context, { serial: "S1" })), MachineApproval.APPROVED);
    const id = await appears(context, { serial: "S2" }, { invited: false });
    assert.equal(await approvalOf(id), MachineApproval.PENDING);
    await assert.rejects(start(context, "S2"), /waits for an operator's approval: crew machines approve/);
    await approve(context, "S2", MachineApproval.REJECTED);
    await assert.rejects(start(context, "S2"), /was rejected; .*crew machines approve/);
    await approve(context, "S2", MachineApproval.APPROVED);
    await assert.rejects(start(context, "S2"), /no vetting agent is enrolled/);
    const never = { ...context, machines: { ...context.machines, approval: "never" as const } };
    assert.equal(await approvalOf(await appears(never, { serial: "S3" })), MachineApproval.PENDING);
    const always = { ...context, machines: { ...context.machines, approval: "always" as const } };
    assert.equal(
      await approvalOf(await appears(always, { serial: "S4" }, { invited: false })),
      MachineApproval.APPROVED,
    );
  });

  test("waits when it is doubtful which one it is, until an operator accepts that", async (t) => {
    const context = await testContext(t);
    const one = await appears(context, { serial: "S1", macs: ["02:00:00:00:00:01"] });
    const two = await appears(context, { serial: "S2", macs: ["02:00:00:00:00:02"], systemUuid: UUID });
    assert.notEqual(await appears(context, { serial: "S3", systemUuid: UUID }), two, "a UUID that a maker used twice");
    const nameless = await readMachine(context.db, await appears(context, {}));
    assert.deepEqual([nameless.approval, nameless.trouble !== ""], [MachineApproval.PENDING, true]);
    // A card moved from one to the other, whose serial cannot be read.
    const moved = { macs: ["02:00:00:00:00:01", "02:00:00:00:00:02"] };
    assert.equal(await appears(context, moved), one);
    const doubtful = await readMachine(context.db, one);
    assert.equal(doubtful.approval, MachineApproval.PENDING);
    assert.match(doubtful.trouble, /it shares marks with .*serial S2/);
    await approve(context, one, MachineApproval.APPROVED);
    await appears(context, moved);
    const accepted = await readMachine(context.db, one);
    assert.deepEqual([accepted.approval, accepted.trouble], [MachineApproval.APPROVED, ""]);
  });

  test("is vetted at first sight, once, where the server has a profile for that", async (t) => {
    const base = await testContext(t);
    const context = { ...base, machines: { ...base.machines, firstSight: "demo" } };
    const agent = await enrolVettingAgent(context, { name: "vet-1" });
    const runs = () => context.db.selectFrom("vetting_runs").select("machine_id").execute();
    assert.equal((await runs()).length, 1);
    await approve(context, "vet-1", MachineApproval.APPROVED);
    assert.equal((await runs()).length, 1);
    assert.ok(agent.agentId);
  });
});
