import { WorkflowState } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { enrolAgent } from "../testing/fleet.ts";
import { operatorClient } from "../testing/operator.ts";
import { runNext, standOf, withPolicies } from "../testing/policies.ts";
import { insertPipelines } from "../workflows/insert-pipelines.ts";
import { insertWorkflows } from "../workflows/insert-workflows.ts";
import { checkedSubmission } from "../workflows/submission.ts";

interface Sketch {
  needs?: string[];
  secrets?: string[];
}

/** Submits a pipeline, as planned by hand: `needs` approval, or names `secrets`. Returns its id. */
async function submitPlanned(
  context: ServerContext,
  file: Record<string, object>,
  { needs = [], secrets = [], untrusted = false, delayMs = 0 }: Sketch & { untrusted?: boolean; delayMs?: number } = {},
): Promise<string> {
  const source = { repository: "example.org/acme/api", commit: "c0ffee", branch: "main" };
  const submission = checkedSubmission(withPolicies(file, { untrusted, delayMs, source }));
  const named = Object.fromEntries(secrets.map((name) => [name, name]));
  const workflows = submission.plan.workflows.map((workflow) => ({
    ...workflow,
    approval: needs.includes(workflow.name),
    steps: workflow.steps.map((step) => ({ ...step, secrets: named })),
  }));
  const planned = { submission: { ...submission, plan: { ...submission.plan, workflows } }, submittedBy: "carol" };
  return context.db.transaction().execute(async (tx) => {
    const [row] = await insertPipelines(tx, [planned]);
    await insertWorkflows(tx, context, [{ ...planned, pipelineId: row?.id ?? "" }]);
    return row?.id ?? "";
  });
}

async function setUp(t: Parameters<typeof testContext>[0], role: "admin" | "operator" = "operator") {
  const context = await testContext(t);
  const { client } = await operatorClient(t, context, role);
  return { context, client };
}

suite("a workflow that needs an approval", () => {
  test("waits for it after what it depends on, then runs", async (t) => {
    const { context, client } = await setUp(t);
    const agent = await enrolAgent(context);
    const id = await submitPlanned(context, { build: {}, deploy: { depends_on: "build" } }, { needs: ["deploy"] });
    assert.deepEqual(await standOf(context, id), { build: "queued", deploy: "blocked: dependency" });
    const early = { code: Code.FailedPrecondition, message: /no workflow of pipeline \d+ waits for an approval now/ };
    await assert.rejects(client.approve({ pipelineId: id }), early);
    await runNext(context, agent);
    assert.deepEqual(await standOf(context, id), { build: "succeeded: completed", deploy: "blocked: approval" });
    assert.equal(await runNext(context, agent), undefined);
    const { workflows } = await client.approve({ pipelineId: id });
    assert.partialDeepStrictEqual(workflows, [{ name: "deploy", approvedBy: "alice", state: WorkflowState.QUEUED }]);
    assert.equal(await runNext(context, agent), "deploy");
  });

  test("waits for its moment and its group after it", async (t) => {
    const { context, client } = await setUp(t);
    const later = await submitPlanned(context, { a: {} }, { needs: ["a"], delayMs: 60_000 });
    const grouped = await submitPlanned(
      context,
      { a: { concurrency: "g" }, b: { concurrency: "g" } },
      { needs: ["a"] },
    );
    assert.deepEqual(await standOf(context, later), { a: "blocked: approval" });
    assert.deepEqual(await standOf(context, grouped), { a: "blocked: approval", b: "queued" });
    await client.approve({ pipelineId: later });
    await client.approve({ pipelineId: grouped });
    assert.deepEqual(await standOf(context, later), { a: "blocked: delay" });
    assert.deepEqual(await standOf(context, grouped), { a: "blocked: limit", b: "queued" });
  });

  test("has its approval in its history, and says what it waits for until then", async (t) => {
    const { context, client } = await setUp(t);
    await enrolAgent(context);
    await submitPlanned(context, { a: {} }, { needs: ["a"] });
    const [{ workflow, ...about } = assert.fail()] = (await client.listApprovals({})).approvals;
    const id = workflow?.id ?? "";
    assert.partialDeepStrictEqual(about, {
      source: { repository: "example.org/acme/api", commit: "c0ffee" },
      submittedBy: "carol",
      untrusted: false,
      secrets: [],
    });
    const { summary, reasons } = await client.explainWorkflow({ id });
    assert.equal(summary, `it waits for its approval: crew approvals approve ${id}`);
    assert.deepEqual(
      reasons.map(({ reason }) => reason.case),
      ["approval"],
    );
    await client.approve({ workflowId: id });
    assert.deepEqual((await client.listApprovals({})).approvals, []);
    const { events } = await client.getWorkflow({ id });
    const { BLOCKED, QUEUED } = WorkflowState;
    assert.deepEqual(
      events.map(({ from, to, actor }) => [from, to, actor]),
      [
        [0, BLOCKED, "carol"],
        [BLOCKED, BLOCKED, "alice"],
        [BLOCKED, QUEUED, "server"],
      ],
    );
    const again = {
      code: Code.FailedPrecondition,
      message: /workflow \d+ does not wait for an approval now: it is queued/,
    };
    await assert.rejects(client.approve({ workflowId: id }), again);
    await assert.rejects(client.decline({ workflowId: id, reason: "late" }), again);
  });

  test("ends canceled when it is declined, with who and why, and what needs its success is skipped", async (t) => {
    const { context, client } = await setUp(t);
    const id = await submitPlanned(context, { a: {}, b: { depends_on: "a" } }, { needs: ["a"] });
    const { workflows } = await client.decline({ pipelineId: id, reason: "freeze until Monday" });
    assert.partialDeepStrictEqual(workflows, [{ name: "a", error: "declined by alice: freeze until Monday" }]);
    assert.deepEqual(await standOf(context, id), { a: "canceled: declined", b: "skipped: dependency" });
    const { events } = await client.getWorkflow({ id: workflows[0]?.id ?? "" });
    assert.partialDeepStrictEqual(events.at(-1), { to: WorkflowState.CANCELED, actor: "alice" });
  });

  test("is approved or declined once, when both are asked for at the same time", async (t) => {
    const { context, client } = await setUp(t);
    const id = await submitPlanned(context, { a: {} }, { needs: ["a"] });
    const outcomes = await Promise.allSettled([
      client.approve({ pipelineId: id }),
      client.decline({ pipelineId: id, reason: "no" }),
      client.approve({ pipelineId: id }),
    ]);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  });
});

suite("a stranger's workflow that names secrets", () => {
  const stranger = { secrets: ["TOKEN"], untrusted: true };

  test("waits for an approval with secrets, which takes an admin", async (t) => {
    const { context, client } = await setUp(t);
    const id = await submitPlanned(context, { a: {} }, stranger);
    const [approval] = (await client.listApprovals({})).approvals;
    assert.partialDeepStrictEqual(approval, { untrusted: true, secrets: ["TOKEN"] });
    const workflowId = approval?.workflow?.id ?? "";
    const { summary } = await client.explainWorkflow({ id: workflowId });
    assert.match(summary, /its approval with secrets.*: crew approvals approve \d+ --with-secrets; /);
    const needed = {
      code: Code.FailedPrecondition,
      message: /is a stranger's and its steps name TOKEN: approve it with/,
    };
    await assert.rejects(client.approve({ workflowId }), needed);
    const denied = { code: Code.PermissionDenied, message: /role admin; the caller is alice with the role operator/ };
    await assert.rejects(client.approve({ workflowId, withSecrets: true }), denied);
    assert.deepEqual(await standOf(context, id), { a: "blocked: approval" });
  });

  test("gets them once an admin approved it with secrets", async (t) => {
    const { context, client } = await setUp(t, "admin");
    const id = await submitPlanned(context, { a: {} }, stranger);
    const { workflows } = await client.approve({ pipelineId: id, withSecrets: true });
    assert.partialDeepStrictEqual(workflows, [{ state: WorkflowState.QUEUED, secretsGranted: true }]);
  });

  test("does not wait when it names none, and a trusted one does not wait for naming some", async (t) => {
    const { context } = await setUp(t);
    const none = await submitPlanned(context, { a: {} }, { untrusted: true });
    const trusted = await submitPlanned(context, { a: {} }, { secrets: ["TOKEN"] });
    assert.deepEqual(
      [await standOf(context, none), await standOf(context, trusted)],
      [{ a: "queued" }, { a: "queued" }],
    );
  });
});

test("an approval is refused when it is unclear what is approved", async (t) => {
  const { client } = await setUp(t);
  const bad = { code: Code.InvalidArgument };
  await assert.rejects(client.approve({}), bad);
  await assert.rejects(client.approve({ workflowId: "1", pipelineId: "1" }), bad);
  await assert.rejects(client.decline({ workflowId: "1", reason: "" }), bad);
  await assert.rejects(client.decline({ workflowId: "1", reason: "x".repeat(257) }), bad);
  await assert.rejects(client.approve({ workflowId: "1" }), { code: Code.NotFound });
  await assert.rejects(client.approve({ pipelineId: "1" }), { code: Code.NotFound });
});
