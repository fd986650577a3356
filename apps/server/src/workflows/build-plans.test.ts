import { create } from "@bufbuild/protobuf";
import { StepState, UpdateRequestSchema, WorkflowState, type Grant } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { done, enrolAgent, insertWorkflow, poll, readWorkflow, startOne, takeOne } from "../testing/fleet.ts";
import { submit } from "../testing/pipeline.ts";
import { updateStepRun } from "../testing/verbs.ts";

function parentsOf(grant: Grant | undefined) {
  assert.ok(grant?.plan.case === "build");
  return grant.plan.value.parents.map(({ name, state, outputs }) => ({ name, state, outputs: { ...outputs } }));
}

suite("what a workflow hands on", () => {
  test("is in the grant of those that depend on it; the cells of a matrix are one", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await submit(context, { build: { matrix: { os: ["a", "b"] } }, lint: {}, deploy: { after: ["build", "lint"] } });
    const handedOn = [{ id: "a", file: "x" }, { id: "b" }, {}];
    for (const outputs of handedOn) await done(context, agent, await startOne(context, agent), { outputs });
    const pollId = "asked-twice";
    const [grant] = await poll(context, agent, { pollId });
    const { SUCCEEDED } = WorkflowState;
    assert.deepEqual(parentsOf(grant), [
      { name: "build", state: SUCCEEDED, outputs: { id: "b", file: "x" } },
      { name: "lint", state: SUCCEEDED, outputs: {} },
    ]);
    const [again] = await poll(context, agent, { pollId, again: true });
    assert.deepEqual(parentsOf(again), parentsOf(grant));
  });

  test("is nothing where it is handed back", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    const { id } = await insertWorkflow(context);
    const lease = await startOne(context, agent);
    await done(context, agent, lease, { state: WorkflowState.QUEUED, outputs: { a: "1" } });
    assert.equal((await readWorkflow(context, id)).outputs, null);
  });

  const refused: [name: string, outputs: Record<string, string>, message: RegExp][] = [
    ["too many", Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`o${n}`, ""])), /257 entries/],
    ["a NUL byte", { a: "\0" }, /outputs\.a/],
    [
      "more than 256 KiB",
      Object.fromEntries(Array.from({ length: 5 }, (_, n) => [n, "x".repeat(60_000)])),
      /300\d+ bytes.*at most 256 KiB/,
    ],
  ];
  test("is refused where it is too much", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    for (const [name, outputs, message] of refused) {
      await assert.rejects(done(context, agent, lease, { outputs }), { code: Code.InvalidArgument, message }, name);
    }
  });
});

suite("the time a workflow has on the server", () => {
  const cases: [name: string, step: object, extraMs: number][] = [
    ["is its timeout", { condition: "failure()" }, 0],
    ["and that of clean-ups, where a step says always", { always: true }, 300_000],
    ["and that of clean-ups, where a condition does", { condition: "canceled() && true" }, 300_000],
  ];
  for (const [name, step, extraMs] of cases) {
    test(name, async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      const steps = [{ name: "run", run: "true", shell: "sh", env: {}, timeoutMs: 0, ...step }];
      const { id } = await insertWorkflow(context, { planned: { steps }, timeout_ms: 1000 });
      await startOne(context, agent);
      const { started_at, deadline } = await readWorkflow(context, id);
      assert.equal(Number(deadline) - Number(started_at), 1000 + extraMs);
    });
  }
});

suite("the step that fetches the source", () => {
  for (const checkout of [{ depth: 1, submodules: false }, undefined]) {
    test(checkout ? "is granted and may report" : "is unknown without a checkout", async (t) => {
      const context = await testContext(t);
      const agent = await enrolAgent(context);
      const env = { GROUNDCREW_REPOSITORY: "https://example.org/a.git", GROUNDCREW_COMMIT: "c0ffee" };
      await insertWorkflow(context, { planned: { env, ...(checkout && { checkout }) } });
      const lease = await takeOne(context, agent);
      const stepRun = { ...lease, step: "(checkout)", try: 1 };
      const report = create(UpdateRequestSchema, { stepRun, sequence: 1, state: StepState.RUNNING });
      const reporting = updateStepRun(context, agent, report);
      if (checkout) assert.equal((await reporting).action.case, "goOn");
      else await assert.rejects(reporting, { code: Code.InvalidArgument, message: /\(checkout\).*one of run/ });
    });
  }
});
