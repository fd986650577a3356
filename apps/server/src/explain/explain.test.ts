import { WorkflowState } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, insertWorkflow, startOne, takeOne } from "../testing/fleet.ts";
import { operatorClient } from "../testing/operator.ts";
import { explain } from "./testing/explain.ts";

suite("a workflow that does not wait", () => {
  test("is told where it is: taken, running, being canceled, ended", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context, { name: "a1" });
    const taken = await insertWorkflow(context);
    await takeOne(context, agent);
    assert.equal((await explain(context, taken)).summary, "agent a1 has taken it and not started it yet");
    const running = await insertWorkflow(context);
    const lease = await startOne(context, agent);
    const { state, reasons, summary } = await explain(context, running);
    assert.deepEqual([state, reasons], [WorkflowState.RUNNING, []]);
    assert.match(summary, /^it runs on agent a1 since \S+Z$/);
    await context.db
      .updateTable("workflows")
      .set({ cancel_requested_at: sql<Date>`now()` })
      .where("id", "=", taken.id)
      .execute();
    assert.match((await explain(context, taken)).summary, /, and is being canceled$/);
    await done(context, agent, lease);
    assert.match((await explain(context, running)).summary, /^it ended succeeded at \S+Z: completed$/);
  });
});

suite("whoever asks why", () => {
  test("may be a viewer", async (t) => {
    const context = await testContext(t);
    const { client } = await operatorClient(t, context, "viewer");
    const { id } = await insertWorkflow(context);
    assert.equal((await client.explainWorkflow({ id })).summary, "there is no agent");
  });

  test("names a workflow that exists, by a positive id", async (t) => {
    const context = await testContext(t);
    const { client } = await operatorClient(t, context, "viewer");
    await assert.rejects(client.explainWorkflow({ id: "7" }), { code: Code.NotFound });
    await assert.rejects(client.explainWorkflow({ id: "-1" }), { code: Code.InvalidArgument });
  });
});
