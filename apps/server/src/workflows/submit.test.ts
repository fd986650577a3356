import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { submission } from "../testing/pipeline.ts";
import type { WorkflowPlanRow } from "./plan.ts";
import { submitPipeline } from "../testing/verbs.ts";

const one = { build: {} };

function workflows({ db }: ServerContext, pipelineId: string) {
  return db.selectFrom("workflows").selectAll().where("pipeline_id", "=", pipelineId).orderBy("id").execute();
}

async function planOf(context: ServerContext, request: ReturnType<typeof submission>): Promise<WorkflowPlanRow> {
  const [row] = await workflows(context, await submitPipeline(context, request, "alice"));
  assert.ok(row);
  return row.plan;
}

suite("a submitted pipeline", () => {
  test("keeps for its grants what started it, the cell of the matrix, and what to check out", async (t) => {
    const context = await testContext(t);
    const content =
      "workflows: { build: { checkout: true, matrix: { os: [linux] }, steps: [{ run: x, env: { A: { from: tag }, B: { from: event } } }] } }";
    const request = submission(one, {
      file: { path: "ci.yaml", content },
      source: { repository: "https://forge/r.git", commit: "c0ffee", branch: "main" },
      trigger: { event: "tag", tag: "v1", parameters: { a: "b" } },
      env: { B: "given" },
    });
    const plan = await planOf(context, request);
    assert.ok(plan.kind === "build");
    assert.deepEqual(plan.trigger, { event: "tag", branch: "main", tag: "v1", cron: "", parameters: { a: "b" } });
    assert.deepEqual(plan.matrix, { os: "linux" });
    const source = { repository: "https://forge/r.git", commit: "c0ffee", ref: "v1" };
    assert.deepEqual(plan.checkout, { ...source, depth: 1, submodules: false });
    assert.deepEqual(plan.steps[0]?.computedEnv, { A: "tag" }, "the caller's variables win over computed ones");
    const stored = await context.db.selectFrom("pipelines").select(["trigger", "more_files"]).executeTakeFirstOrThrow();
    assert.deepEqual(stored, { trigger: plan.trigger, more_files: [] });
  });

  test("queues what may run now and blocks what depends on it, with parents before children", async (t) => {
    const context = await testContext(t);
    const request = submission({
      last: { after: ["left", "right"] },
      left: { after: ["first"] },
      right: {},
      first: {},
    });
    const rows = await workflows(context, await submitPipeline(context, request, "alice"));
    assert.deepEqual(
      rows.map(({ name, state, block_reason, parents_left }) => [name, state, block_reason, parents_left]),
      [
        ["first", "queued", null, 0],
        ["left", "blocked", "dependency", 1],
        ["right", "queued", null, 0],
        ["last", "blocked", "dependency", 2],
      ],
    );
    assert.deepEqual(
      rows.map(({ queued_at }) => queued_at !== null),
      [true, false, true, false],
    );
  });

  test("starts each workflow's history, in the submitter's name", async (t) => {
    const context = await testContext(t);
    await submitPipeline(context, submission({ a: {}, b: { after: ["a"] } }), "alice");
    const events = await context.db.selectFrom("workflow_events").selectAll().orderBy("id").execute();
    assert.deepEqual(
      events.map(({ from_state, to_state, actor, epoch }) => [from_state, to_state, actor, epoch]),
      [
        [null, "queued", "alice", "0"],
        [null, "blocked", "alice", "0"],
      ],
    );
  });

  test("wakes those who wait for work", async (t) => {
    const context = await testContext(t);
    const woken = Promise.withResolvers<void>();
    const leave = new AbortController();
    t.after(() => leave.abort());
    void (async () => {
      const rounds = context.hints.rounds(["queue"], 3_600_000, leave.signal);
      await rounds.next();
      await rounds.next();
      woken.resolve();
    })();
    await submitPipeline(context, submission(one), "alice");
    await woken.promise;
  });

  test("shares one class among workflows with the same labels, also across pipelines", async (t) => {
    const context = await testContext(t);
    const request = submission({
      a: { labels: { os: "linux", arch: "x64" } },
      b: { labels: { arch: "x64", os: "linux" } },
      c: {},
    });
    const rows = [
      ...(await workflows(context, await submitPipeline(context, request, "alice"))),
      ...(await workflows(context, await submitPipeline(context, request, "alice"))),
    ];
    const classes = await context.db.selectFrom("label_classes").selectAll().orderBy("id").execute();
    const labelsOf = new Map(classes.map(({ id, labels }) => [id, labels]));
    assert.equal(classes.length, 2);
    assert.deepEqual(
      rows.map(({ class_id }) => Object.keys(labelsOf.get(class_id) ?? {}).length),
      [2, 2, 0, 2, 2, 0],
    );
  });

  test("is queued all or none", async (t) => {
    const context = await testContext(t);
    await assert.rejects(submitPipeline(context, submission({ a: {}, b: { after: ["c"] } }), "alice"));
    assert.deepEqual(await context.db.selectFrom("pipelines").selectAll().execute(), []);
    assert.deepEqual(await context.db.selectFrom("workflows").selectAll().execute(), []);
  });

  test("may have a thousand workflows", async (t) => {
    const context = await testContext(t);
    const many = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, n) => [`w${n}`, n === 0 ? {} : { after: [`w${n - 1}`] }]),
    );
    const rows = await workflows(context, await submitPipeline(context, submission(many), "alice"));
    assert.equal(rows.length, 1_000);
    assert.equal(rows.filter(({ state }) => state === "queued").length, 1);
  });
});

suite("the variables of a step", () => {
  test("are the file's, then the caller's over all of the file's, then the source's", async (t) => {
    const context = await testContext(t);
    const plan = await planOf(
      context,
      submission(
        { build: { env: { A: "file", B: "file" }, stepEnv: { B: "step", C: "step", D: "step" } } },
        { env: { B: "caller", C: "caller" }, source: { repository: "r", commit: "c", branch: "b" } },
      ),
    );
    assert.ok(plan.kind === "build");
    assert.deepEqual(plan.env, {
      A: "file",
      B: "caller",
      C: "caller",
      GROUNDCREW_REPOSITORY: "r",
      GROUNDCREW_COMMIT: "c",
      GROUNDCREW_BRANCH: "b",
    });
    assert.deepEqual(
      plan.steps.map(({ env }) => env),
      [{ D: "step" }],
    );
  });

  test("name nothing of a source that was not given", async (t) => {
    const plan = await planOf(await testContext(t), submission(one, { source: { commit: "c" } }));
    assert.ok(plan.kind === "build");
    assert.deepEqual(plan.env, { GROUNDCREW_COMMIT: "c" });
  });
});

suite("an idempotency key", () => {
  test("makes one pipeline, however often and at once it is repeated", async (t) => {
    const context = await testContext(t);
    const request = submission(one, { idempotencyKey: "k" });
    const ids = await Promise.all(Array.from({ length: 4 }, () => submitPipeline(context, request, "alice")));
    ids.push(await submitPipeline(context, request, "alice"));
    assert.equal(new Set(ids).size, 1);
    assert.equal((await context.db.selectFrom("workflows").selectAll().execute()).length, 1);
  });

  test("is each submitter's own, and none is no key", async (t) => {
    const context = await testContext(t);
    const keyed = submission(one, { idempotencyKey: "k" });
    const ids = [
      await submitPipeline(context, keyed, "alice"),
      await submitPipeline(context, keyed, "bob"),
      await submitPipeline(context, submission(one), "alice"),
      await submitPipeline(context, submission(one), "alice"),
    ];
    assert.equal(new Set(ids).size, 4);
  });
});
