import { timestampDate } from "@bufbuild/protobuf/wkt";
import { DependencyCondition, WorkflowState } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { enrolAgent, insertWorkflow } from "../testing/fleet.ts";
import { explain, insertPause, onlyReason } from "./testing/explain.ts";

const LATER = new Date("2040-01-02T03:04:05.678Z");

suite("a blocked workflow", () => {
  test("waits for parents that have not ended, each with its state and its condition", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context);
    const ended = await insertWorkflow(context, { name: "ended", state: "succeeded" });
    const compile = await insertWorkflow(context, { name: "compile", state: "running", agent_name: "x" });
    const lint = await insertWorkflow(context, { name: "lint" });
    const child = await insertWorkflow(context, { name: "report", after: [ended, compile, lint] });
    await context.db
      .updateTable("workflow_parents")
      .set({ condition: "always" })
      .where("parent_id", "=", lint.id)
      .execute();
    const { text, value } = await onlyReason(context, child, "workflows");
    assert.equal(text, "it waits for 2 workflows: compile (running, must succeed), lint (queued, must end)");
    assert.equal(value.count, 2);
    assert.deepEqual(
      value.parents.map(({ id, name, state, condition }) => [id, name, state, condition]),
      [
        [compile.id, "compile", WorkflowState.RUNNING, DependencyCondition.SUCCESS],
        [lint.id, "lint", WorkflowState.QUEUED, DependencyCondition.ALWAYS],
      ],
    );
  });

  test("lists at most 20 parents and counts them all", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context);
    const parents = [];
    for (let i = 0; i < 22; i++) parents.push(await insertWorkflow(context, { name: `p${i}` }));
    const { text, value } = await onlyReason(context, await insertWorkflow(context, { after: parents }), "workflows");
    assert.deepEqual([value.count, value.parents.length], [22, 20]);
    assert.match(text ?? "", /^it waits for 22 workflows: p0 .*, p2 \(queued, must succeed\) and 19 more$/);
  });

  test("waits for a moment: its start was delayed", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context);
    const delayed = await insertWorkflow(context, { state: "blocked", block_reason: "delay", not_before: LATER });
    const { text, value } = await onlyReason(context, delayed, "time");
    assert.equal(text, "its start is delayed until 2040-01-02T03:04:05Z");
    assert.ok(value.until);
    assert.deepEqual([timestampDate(value.until), value.retry], [LATER, false]);
  });

  test("waits for a moment: it failed and is tried again", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context);
    const retried = { state: "blocked", block_reason: "delay", not_before: LATER, retries: 2 } as const;
    const { text, value } = await onlyReason(context, await insertWorkflow(context, retried), "time");
    assert.equal(text, "it failed and is tried again at 2040-01-02T03:04:05Z (retry 2)");
    assert.ok(value.retry);
  });

  test("waits for its parents and for a moment, when both are to come", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context);
    const child = await insertWorkflow(context, { after: [await insertWorkflow(context)], not_before: LATER });
    const { reasons } = await explain(context, child);
    assert.deepEqual(
      reasons.map(({ reason }) => reason.case),
      ["workflows", "time"],
    );
  });

  test("waits for a place in its group, with those that have one and its position among those that wait", async (t) => {
    const context = await testContext(t);
    await enrolAgent(context);
    const group = { concurrency_group: "acme/api\ndeploy", concurrency_limit: 2 };
    const held = await insertWorkflow(context, { ...group, state: "running" });
    const next = await insertWorkflow(context, { ...group, state: "queued" });
    await insertWorkflow(context, { ...group, state: "succeeded" });
    await insertWorkflow(context, { state: "running", concurrency_group: "acme/web\ndeploy", concurrency_limit: 1 });
    const waits = { ...group, state: "blocked", block_reason: "limit" } as const;
    const old = await insertWorkflow(context, { ...waits, fair_key: "2" });
    const urgent = await insertWorkflow(context, { ...waits, fair_key: "3", priority: 1 });
    const fair = await insertWorkflow(context, { ...waits, fair_key: "1" });
    const young = await insertWorkflow(context, { ...waits, fair_key: "2" });
    for (const [index, workflow] of [urgent, fair, old, young].entries()) {
      const { text, value } = await onlyReason(context, workflow, "group");
      assert.deepEqual([value.group, value.limit, value.position], ["deploy", 2, index + 1]);
      assert.deepEqual(value.holderIds, [held.id, next.id]);
      const places = `2 of 2 are taken (${held.id}, ${next.id})`;
      const wanted = `it waits for a place in group deploy: ${places}, and it is number ${index + 1} of those that wait`;
      assert.equal(text, wanted);
    }
  });

  test("hears as well of what would stop it afterwards: that nobody may take it, and pauses", async (t) => {
    const context = await testContext(t);
    await insertPause(context, "queue", "", "one\ntwo");
    const child = await insertWorkflow(context, { after: [await insertWorkflow(context)] });
    const { reasons, summary } = await explain(context, child);
    assert.deepEqual(
      reasons.map(({ reason }) => reason.case),
      ["workflows", "pause", "agent"],
    );
    const texts = reasons.map(({ text }) => text).join("; ");
    assert.match(texts, /one\ntwo/);
    assert.equal(summary, texts.replace("\n", " "));
  });
});
