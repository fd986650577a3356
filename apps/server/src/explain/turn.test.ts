import { PauseScope, WorkflowState } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { enrolAgent, insertWorkflow, takeOne } from "../testing/fleet.ts";
import { explain, insertPause, onlyReason } from "./testing/explain.ts";
import { labelClass } from "./testing/label-class.ts";

suite("a queued workflow", () => {
  test("is next: there is a free slot and nothing before it", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context, { capacity: 1 });
    const { state, reasons, summary } = await explain(context, await insertWorkflow(context));
    assert.deepEqual([state, reasons], [WorkflowState.QUEUED, []]);
    assert.equal(summary, "nothing keeps it: an agent with a free slot takes it next");
  });

  test("is next as well when there are slots for it and all that goes before it", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context, { capacity: 2 });
    const [, second, third] = [
      await insertWorkflow(context),
      await insertWorkflow(context),
      await insertWorkflow(context),
    ];
    assert.deepEqual((await explain(context, second)).reasons, []);
    assert.equal((await onlyReason(context, third, "turn")).value.ahead, 2);
  });

  test("waits for its turn behind a higher priority, an earlier turn and an older one that its agents may take", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context, { labels: { os: "*" }, capacity: 1 });
    await insertWorkflow(context, { priority: 1, fair_key: "9" });
    await insertWorkflow(context, { fair_key: "1", wants: { os: "mac" } });
    await insertWorkflow(context, { fair_key: "5" });
    const workflow = await insertWorkflow(context, { fair_key: "5", wants: { os: "linux" } });
    await insertWorkflow(context, { fair_key: "5" });
    await insertWorkflow(context, { priority: -1 });
    await insertWorkflow(context, { priority: 2, wants: { os: "linux", gpu: "none has it" } });
    const paused = await labelClass(context, { repository: "acme/web" });
    await insertPause(context, "repository", "acme/web");
    await insertWorkflow(context, { priority: 2, class_id: paused });
    const { text, value } = await onlyReason(context, workflow, "turn");
    assert.equal(value.ahead, 3);
    assert.equal(text, "3 other workflows go before it");
  });

  test("waits for a slot when its agents are full, and for its turn when others wait before it", async (t) => {
    const context = await testContext(t);
    for (const name of ["b", "a"]) {
      const agent = await enrolAgent(context, { name, capacity: 1 });
      await insertWorkflow(context);
      await takeOne(context, agent);
    }
    const first = await insertWorkflow(context);
    const { text, value } = await onlyReason(context, first, "slot");
    assert.deepEqual([value.agents, value.count], [["a", "b"], 2]);
    assert.equal(text, "all 2 agents that may take it have no free slot: a, b");
    const { reasons } = await explain(context, await insertWorkflow(context));
    assert.deepEqual(
      reasons.map(({ reason }) => reason.case),
      ["slot", "turn"],
    );
  });

  test("is paused with the queue and with its repository: by whom, why and since when", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context);
    await insertPause(context, "queue", "");
    await insertPause(context, "repository", "acme/api");
    await insertPause(context, "repository", "acme/web");
    const workflow = await insertWorkflow(context, { class_id: await labelClass(context, { repository: "acme/api" }) });
    const { reasons } = await explain(context, workflow);
    const pauses = reasons.map(({ reason }) => reason).filter((reason) => reason.case === "pause");
    assert.deepEqual(
      pauses.map(({ value }) => [value.scope, value.target, value.pausedBy, value.reason]),
      [
        [PauseScope.QUEUE, "", "bob", "the rack moves"],
        [PauseScope.REPOSITORY, "acme/api", "bob", "the rack moves"],
      ],
    );
    assert.ok(pauses.every(({ value }) => value.pausedAt));
    assert.match(reasons[1]?.text ?? "", /^repository acme\/api is paused by bob since \S+Z: the rack moves$/);
  });
});
