import { create } from "@bufbuild/protobuf";
import { ListMachinesRequestSchema, WorkflowState } from "@groundcrew/proto";
import { builtInProfiles, startRun } from "@groundcrew/vetting";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { json } from "../db/json.ts";
import { testContext } from "../testing/context.ts";
import { insertWorkflow } from "../testing/fleet.ts";
import { listMachines } from "./list.ts";

async function insertMachine({ db }: ServerContext, serial: string): Promise<string> {
  const identity = { system_uuid: "", board_serial: "b", macs: ["02:00:00:00:00:01"], vendor: "v", product: "p" };
  const { id } = await db
    .insertInto("machines")
    .values({ ...identity, serial, hostname: "h" })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

async function insertAgent({ db }: ServerContext, name: string, machineId: string): Promise<void> {
  const said = { serves: "build" as const, platform: "", backend: "local", version: "0", capacity: 1, boot_id: "" };
  const known = { labels: json({}), capabilities: [], credential_hash: null, enrolled_by: null };
  await db
    .insertInto("agents")
    .values({ name, machine_id: machineId, ...said, ...known })
    .execute();
}

async function insertRun(context: ServerContext, machineId: string, state: "queued" | "failed"): Promise<string> {
  const profile = builtInProfiles.get("demo");
  assert.ok(profile);
  const { id } = await insertWorkflow(context, { kind: "vetting", state });
  await context.db
    .insertInto("vetting_runs")
    .values({ workflow_id: id, machine_id: machineId, profile_name: "demo", run: json(startRun(profile)) })
    .execute();
  return id;
}

function list({ db }: ServerContext, page: { size?: number; token?: string } = {}) {
  return listMachines(db, create(ListMachinesRequestSchema, { page }));
}

suite("the list of machines", () => {
  test("shows what a machine is known by, its agents and its newest vetting run", async (t) => {
    const context = await testContext(t);
    const id = await insertMachine(context, "s");
    await insertAgent(context, "z", id);
    await insertAgent(context, "a", id);
    await insertRun(context, id, "failed");
    const runId = await insertRun(context, id, "queued");
    const [machine] = (await list(context)).machines ?? [];
    assert.equal(machine?.id, id);
    assert.deepEqual([machine.identity?.serial, machine.identity?.macs], ["s", ["02:00:00:00:00:01"]]);
    assert.deepEqual(machine.agents, ["a", "z"]);
    assert.deepEqual([machine.vettingRunId, machine.vettingState], [runId, WorkflowState.QUEUED]);
  });

  test("shows none of what a machine does not have", async (t) => {
    const context = await testContext(t);
    await insertMachine(context, "s");
    const [machine] = (await list(context)).machines ?? [];
    assert.deepEqual([machine?.agents, machine?.vettingRunId, machine?.vettingState], [[], "0", undefined]);
  });

  test("is newest first, in pages that meet", async (t) => {
    const context = await testContext(t);
    for (const serial of ["1", "2", "3"]) await insertMachine(context, serial);
    const first = await list(context, { size: 2 });
    const second = await list(context, { size: 2, token: first.nextPageToken ?? "" });
    const shown = [...(first.machines ?? []), ...(second.machines ?? [])];
    assert.deepEqual(
      shown.map(({ identity }) => identity?.serial),
      ["3", "2", "1"],
    );
    assert.equal(second.nextPageToken, "");
  });
});
