import { sql } from "kysely";
import assert from "node:assert/strict";
import { test } from "node:test";
import { testContext } from "../testing/context.ts";
import { enrolAgent, insertWorkflow, poll } from "../testing/fleet.ts";
import { removeTerminatedAgents } from "./remove-terminated.ts";

test("agents that left for good are deleted a day later, those with a lease to be remembered not yet", async (t) => {
  const context = await testContext(t);
  const [left, leftNow, remembered, away] = await Promise.all([1, 2, 3, 4].map(() => enrolAgent(context)));
  assert.ok(left && leftNow && remembered && away);
  await insertWorkflow(context);
  await poll(context, remembered);
  const dayAgo = { disconnected_at: sql<Date>`now() - interval '25 hours'` };
  const change = (agentId: string, values: object) =>
    context.db.updateTable("agents").set(values).where("id", "=", agentId).execute();
  await change(left.agentId, { ...dayAgo, lifecycle: "terminated" });
  await change(leftNow.agentId, { disconnected_at: sql<Date>`now()`, lifecycle: "terminated" });
  await change(remembered.agentId, { ...dayAgo, lifecycle: "terminated" });
  await change(away.agentId, dayAgo);
  assert.equal(await removeTerminatedAgents(context), 1);
  const kept = await context.db.selectFrom("agents").select("name").execute();
  assert.deepEqual(kept.map(({ name }) => name).toSorted(), [leftNow.name, remembered.name, away.name].toSorted());
});
