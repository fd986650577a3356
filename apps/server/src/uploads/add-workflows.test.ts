import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AddWorkflowsRequestSchema, EndReason, PipelineProblemsSchema, WorkflowState } from "@groundcrew/proto";
import { Code, detailOf } from "@groundcrew/rpc";
import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, poll, startOne } from "../testing/fleet.ts";
import { pipelineFile, submission } from "../testing/pipeline.ts";
import { submitPipeline } from "../testing/verbs.ts";
import { cancelPipeline } from "../workflows/cancel.ts";
import { addWorkflows } from "./add-workflows.ts";
import { foreignSecrets } from "./plan-upload.ts";

type Lease = { workflowId: string; epoch: string };
type Files = Record<string, string>;

/** A pipeline whose workflow `up` an agent runs. */
async function setUp(t: TestContext, changes: Parameters<typeof submission>[1] = {}) {
  const context = await testContext(t);
  const agent = await enrolAgent(context);
  await context.db.updateTable("agents").set({ grant_untrusted: true }).execute();
  const id = await submitPipeline(context, submission({ up: {}, next: { after: ["up"] } }, changes), "alice");
  const lease = await startOne(context, agent);
  const add = (files: Files, named: Partial<Lease & { step: string }> = {}) =>
    upload(context, agent, { ...lease, step: "run", ...named }, files);
  return { context, agent, id, lease, add };
}

function upload(context: ServerContext, agent: Caller, named: Lease & { step: string }, files: Files) {
  const list = Object.entries(files).map(([path, content]) => ({ path, content }));
  const request: MessageInitShape<typeof AddWorkflowsRequestSchema> = { ...named, files: list };
  return addWorkflows(context, agent, create(AddWorkflowsRequestSchema, request));
}

async function statesOf({ db }: ServerContext, pipelineId: string): Promise<Record<string, string>> {
  const rows = await db
    .selectFrom("workflows")
    .select(["name", "state"])
    .where("pipeline_id", "=", pipelineId)
    .orderBy("id")
    .execute();
  return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
}

suite("workflows that a step adds", () => {
  test("belong to its pipeline, and wait for what they depend on: there before, added with them, or running", async (t) => {
    const { context, agent, id, lease, add } = await setUp(t);
    const first = pipelineFile({ a: { matrix: { v: ["1", "2"] } }, b: { after: ["a", "up"] } });
    const second = pipelineFile({ c: { after: ["b", "next"] } });
    const added = await add({ "a.yaml": first, "c.yaml": second });
    assert.deepEqual(
      added.map(({ name }) => name),
      ["a (v=1)", "a (v=2)", "b", "c"],
    );
    const waits = { "a (v=1)": "queued", "a (v=2)": "queued", b: "blocked", c: "blocked" };
    assert.deepEqual(await statesOf(context, id), { up: "running", next: "blocked", ...waits });
    await done(context, agent, lease);
    const order: string[] = [];
    for (;;) {
      const [grant] = await poll(context, agent);
      if (!grant) break;
      order.push(grant.name);
      await done(context, agent, grant);
    }
    assert.deepEqual(new Set(order.slice(0, 3)), new Set(["next", "a (v=1)", "a (v=2)"]));
    assert.deepEqual(order.slice(3), ["b", "c"]);
  });

  test("may depend on what has ended already, and are skipped where that did not end as they need", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const id = await submitPipeline(context, submission({ good: {}, bad: {}, up: {} }), "alice");
    await done(context, agent, await startOne(context, agent));
    const failed = { state: WorkflowState.FAILED, endReason: EndReason.STEP_FAILED };
    await done(context, agent, await startOne(context, agent), failed);
    const named = { ...(await startOne(context, agent)), step: "run" };
    const file = pipelineFile({ a: { after: ["good"] }, b: { after: ["bad"] }, c: { after: ["b"] } });
    await upload(context, agent, named, { "more.yaml": file });
    const { a, b, c } = await statesOf(context, id);
    assert.deepEqual([a, b, c], ["queued", "skipped", "skipped"]);
  });

  test("have its source, its variables and no more trust", async (t) => {
    const source = { repository: "https://example.org/acme/api.git", commit: "c0ffee", branch: "main" };
    const { context, add } = await setUp(t, { source, env: { A: "caller" }, untrusted: true });
    const [{ id } = assert.fail()] = await add({
      "f.yaml": pipelineFile({ a: { env: { A: "file", B: "b" }, stepEnv: { A: "step" } } }),
    });
    const row = await context.db
      .selectFrom("workflows as w")
      .innerJoin("label_classes as c", "c.id", "w.class_id")
      .select(["w.plan", "c.trusted", "c.repository", "c.owner"])
      .where("w.id", "=", id)
      .executeTakeFirstOrThrow();
    assert.deepEqual([row.trusted, row.repository, row.owner], [false, source.repository, "https://example.org/acme"]);
    assert.ok(row.plan.kind === "build");
    assert.deepEqual(
      [row.plan.env["A"], row.plan.env["B"], row.plan.env["GROUNDCREW_COMMIT"]],
      ["caller", "b", "c0ffee"],
    );
    assert.deepEqual(row.plan.steps[0]?.env, {});
  });

  test("are added once, though the files are sent again, by a later try as well", async (t) => {
    const { context, agent, id, lease, add } = await setUp(t);
    const file = { "f.yaml": pipelineFile({ a: {} }) };
    const [first, again] = await Promise.all([add(file), add(file)]);
    assert.deepEqual(again, first);
    const handedBack = { state: WorkflowState.QUEUED, endReason: EndReason.HANDED_BACK };
    await done(context, agent, lease, handedBack);
    await context.db.updateTable("workflows").set({ priority: 9 }).where("id", "=", lease.workflowId).execute();
    const later = await startOne(context, agent);
    assert.equal(later.workflowId, lease.workflowId);
    assert.deepEqual(await add(file, later), first);
    await assert.rejects(add(file), { code: Code.FailedPrecondition });
    assert.equal(Object.keys(await statesOf(context, id)).length, 3);
  });

  test("are canceled with their pipeline; one that is being canceled adds nothing", async (t) => {
    const { context, id, add } = await setUp(t);
    await add({ "f.yaml": pipelineFile({ a: {} }) });
    const [, added] = await Promise.all([
      cancelPipeline(context, id, "alice"),
      add({ "g.yaml": pipelineFile({ b: {} }) }).catch(({ code }: { code: Code }) => code),
    ]);
    const { a, b } = await statesOf(context, id);
    assert.equal(a, "canceled");
    assert.equal(b, added === Code.FailedPrecondition ? undefined : "canceled");
    await assert.rejects(add({ "h.yaml": pipelineFile({ c: {} }) }), /being canceled/);
  });

  const mistakes: [name: string, files: Files, message: RegExp][] = [
    ["a name that the pipeline has", { "f.yaml": pipelineFile({ up: {} }) }, /f\.yaml:1:\d+: .*does not have yet/],
    ["a workflow that nobody has", { "f.yaml": pipelineFile({ a: { after: ["upp"] } }) }, /found "upp".*"up"/],
    ["the second file has a mistake", { "f.yaml": pipelineFile({ a: {} }), "g.yaml": "workflows: 7" }, /g\.yaml:1:12/],
    ["no file", {}, /files/],
    ["too many files", Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`${i}`, ""])), /1 to 16/],
    ["too large", { "f.yaml": "x".repeat(1024 * 1024 + 1) }, /at most 1 MiB/],
    ["a NUL", { "f.yaml": "\0" }, /files\[0\]\.content/],
  ];
  for (const [name, files, message] of mistakes) {
    test(`are refused as a whole: ${name}`, async (t) => {
      const { context, id, add } = await setUp(t);
      await assert.rejects(add(files), { code: Code.InvalidArgument, message });
      assert.deepEqual(Object.keys(await statesOf(context, id)), ["up", "next"]);
    });
  }

  test("are refused with every problem of the file, as a submission is", async (t) => {
    const { add } = await setUp(t);
    const refused = await add({ "f.yaml": "workflows:\n  a: { setps: [] }\n  b: { steps: 7 }\n" }).catch(
      (error: unknown) => error,
    );
    const lines = detailOf(refused, PipelineProblemsSchema)?.problems.map(({ path, line }) => [path, line]) ?? [];
    assert.deepEqual(new Set(lines.map(String)), new Set(["f.yaml,2", "f.yaml,3"]));
  });

  test("are limited: 1000 workflows in a pipeline, 100 uploads", async (t) => {
    const { context, id, lease, add } = await setUp(t);
    const many = (prefix: string, count: number) =>
      pipelineFile(Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, {}])));
    await assert.rejects(add({ "f.yaml": many("a", 999) }), /at most 1000 in the whole pipeline, found 1001/);
    await sql`
      insert into workflow_uploads (workflow_id, digest, pipeline_id, epoch, step, files, added)
      select ${lease.workflowId}, int4send(n), ${id}, 1, 'run', '[]', '[]' from generate_series(1, 100) n`.execute(
      context.db,
    );
    await assert.rejects(add({ "f.yaml": many("a", 1) }), { code: Code.FailedPrecondition, message: /100 times/ });
  });

  test("are refused to whoever does not run the workflow, and for a step it does not have", async (t) => {
    const { context, lease, add } = await setUp(t);
    const file = { "f.yaml": pipelineFile({ a: {} }) };
    const other = await enrolAgent(context);
    await assert.rejects(upload(context, other, { ...lease, step: "run" }, file), { code: Code.FailedPrecondition });
    await assert.rejects(add(file, { epoch: "999" }), { code: Code.FailedPrecondition });
    await assert.rejects(add(file, { workflowId: "999" }), { code: Code.FailedPrecondition });
    await assert.rejects(add(file, { step: "other" }), { code: Code.InvalidArgument, message: /one of run/ });
  });
});

test("a step that is added may name no secret that the uploading workflow does not name itself", () => {
  const step = (secrets: Record<string, string>) => ({ name: "s", secrets }) as never;
  const steps = [{ secrets: { TOKEN: "npm" } }];
  assert.deepEqual(foreignSecrets("f.yaml", [{ name: "a", steps: [step({ OTHER: "npm" })] }], steps), []);
  const [problem] = foreignSecrets("f.yaml", [{ name: "a", steps: [step({ TOKEN: "deploy" })] }], steps);
  assert.match(problem?.message ?? "", /^workflows\.a: step "s": secrets: .*found "deploy"$/);
});
