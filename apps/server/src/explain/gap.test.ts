import { WorkKind } from "@groundcrew/proto";
import type { Updateable } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import type { Database } from "../db/schema.ts";
import { testContext } from "../testing/context.ts";
import { enrolAgent, insertWorkflow } from "../testing/fleet.ts";
import { explain, insertPause, onlyReason } from "./testing/explain.ts";
import { labelClass } from "./testing/label-class.ts";

/** What the closest agents miss, when no agent may take it. */
async function gaps(context: ServerContext, workflow: { id: string }): Promise<[string, string[]][]> {
  const { reasons } = await explain(context, workflow);
  const found = reasons.map(({ reason }) => reason).find((reason) => reason.case === "agent");
  assert.ok(found, "there is an agent that may take it");
  return found.value.closest.map(({ agent, misses }) => [agent, misses]);
}

/** What one agent misses, how it came to miss it, and what asks for it. */
interface Miss {
  misses: string;
  agent?: Parameters<typeof enrolAgent>[1];
  stored?: Updateable<Database["agents"]>;
  wants?: Parameters<typeof labelClass>[1];
}

suite("a workflow that no agent may take", () => {
  test("is told so when there is no agent", async (t) => {
    const context = await testContext(t);
    const { text, value } = await onlyReason(context, await insertWorkflow(context), "agent");
    assert.deepEqual([text, value.closest], ["there is no agent", []]);
  });

  test("is told what the closest agents miss, the fewest misses first, at most five of them", async (t) => {
    const context = await testContext(t);
    for (const name of ["z1", "z2", "z3", "z4"]) await enrolAgent(context, { name, labels: { os: "mac" } });
    await enrolAgent(context, { name: "far", serves: WorkKind.VETTING, capacity: 1 });
    await enrolAgent(context, { name: "near", labels: { os: "linux", gpu: "a100" } });
    const workflow = await insertWorkflow(context, { wants: { os: "linux", gpu: "h200" } });
    const found = await gaps(context, workflow);
    assert.deepEqual(
      found.map(([name]) => name),
      ["near", "z1", "z2", "z3", "z4"],
    );
    assert.deepEqual(found[0], ["near", ["label gpu is a100, needs h200"]]);
    assert.deepEqual(found[1]?.[1], ["label os is mac, needs linux", "has no label gpu, needs h200"]);
    const { summary } = await explain(context, workflow);
    assert.match(summary, /^no agent may take it; the closest is near: label gpu is a100, needs h200$/);
  });

  for (const { misses, agent = {}, stored = {}, wants = {} } of [
    { misses: "takes only work that asks for label gpu", agent: { labels: { "!gpu": "*" } } },
    { misses: "serves vetting work, not build", agent: { serves: WorkKind.VETTING, capacity: 1 } },
    { misses: "is not granted the work of owner acme", stored: { grant_owners: ["bob"] }, wants: { owner: "acme" } },
    { misses: "is not granted work without an owner", stored: { grant_owners: ["bob"] }, wants: { owner: "" } },
    {
      misses: "is not granted the work of repository acme/api",
      stored: { grant_repositories: ["acme/web"] },
      wants: { repository: "acme/api" },
    },
    { misses: "is not granted the work of strangers, or does not isolate its steps", wants: { trusted: false } },
    { misses: "is draining", stored: { lifecycle: "draining" } },
    { misses: "is terminated", stored: { lifecycle: "terminated" } },
    { misses: "is not connected", stored: { disconnected_at: new Date("2040-01-01T00:00:00Z") } },
    { misses: "was reset and has not enrolled again", stored: { credential_hash: null } },
  ] as Miss[]) {
    test(`is told that the agent ${misses}`, async (t) => {
      const context = await testContext(t);
      const { name } = await enrolAgent(context, agent);
      await context.db
        .updateTable("agents")
        .set({ load_1m: 1, ...stored })
        .execute();
      const workflow = await insertWorkflow(context, { class_id: await labelClass(context, wants) });
      assert.deepEqual(await gaps(context, workflow), [[name, [misses]]]);
    });
  }

  test("is told that the agent is paused, by whom and why", async (t) => {
    const context = await testContext(t);
    const { agentId, name } = await enrolAgent(context);
    await insertPause(context, "agent", agentId);
    const [[agent, misses] = ["", []]] = await gaps(context, await insertWorkflow(context));
    assert.equal(agent, name);
    assert.match(misses.join(), /^is paused by bob since \S+Z: the rack moves$/);
  });

  test("is told by its hostname which machine a vetting run is pinned to", async (t) => {
    const context = await testContext(t);
    const { name } = await enrolAgent(context, { serves: WorkKind.VETTING, capacity: 1 });
    const { id: machineId } = await context.db
      .insertInto("machines")
      .values({ system_uuid: "", board_serial: "", macs: [], vendor: "", product: "", serial: "", hostname: "node-7" })
      .returning("id")
      .executeTakeFirstOrThrow();
    const classId = await labelClass(context, { kind: "vetting", machine_id: machineId });
    const run = await insertWorkflow(context, { kind: "vetting", class_id: classId });
    assert.deepEqual(await gaps(context, run), [[name, ["runs on machine h, needs node-7"]]]);
  });
});
