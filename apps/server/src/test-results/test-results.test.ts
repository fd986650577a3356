import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { StepState, TestResultsSchema, UpdateRequestSchema } from "@groundcrew/proto";
import { testContext } from "../testing/context.ts";
import { enrolAgent, insertWorkflow, startOne } from "../testing/fleet.ts";
import { operatorClient } from "../testing/operator.ts";
import { updateStepRun } from "../testing/verbs.ts";
import { checkedTestResults } from "./checked.ts";

type Results = MessageInitShape<typeof TestResultsSchema>;

const RESULTS = {
  tests: 3,
  failures: 1,
  errors: 0,
  skipped: 1,
  durationMs: 1200,
  suites: [{ name: "calc", tests: 3, failures: 1, skipped: 1, durationMs: 1200 }],
  failed: [{ suite: "calc", name: "divides", kind: "failure", message: "1 is not 2", output: "at calc.ts:3" }],
  slowest: [{ suite: "calc", name: "adds", durationMs: 900 }],
};

async function runningBuild(t: TestContext) {
  const context = await testContext(t);
  const agent = await enrolAgent(context);
  await insertWorkflow(context);
  const lease = await startOne(context, agent);
  const report = (sequence: number, tests: Results | undefined, tryNumber = 1) =>
    updateStepRun(
      context,
      agent,
      create(UpdateRequestSchema, {
        stepRun: { ...lease, step: "run", try: tryNumber },
        sequence,
        state: StepState.SUCCEEDED,
        ...(tests && { tests }),
      }),
    );
  const { client } = await operatorClient(t, context, "viewer");
  return { lease, report, client };
}

suite("test results", () => {
  test("of a step are those of its workflow, in counts and in full", async (t) => {
    const { lease, report, client } = await runningBuild(t);
    await report(1, RESULTS);
    const { workflow } = await client.getWorkflow({ id: lease.workflowId });
    const { $typeName: _, ...counts } = workflow?.tests ?? { $typeName: "" };
    assert.deepEqual(counts, { tests: 3, failures: 1, errors: 0, skipped: 1, durationMs: 1200 });
    const { steps } = await client.getTestResults({ workflowId: lease.workflowId });
    assert.equal(steps.length, 1);
    assert.deepEqual(steps[0]?.results, create(TestResultsSchema, RESULTS));
    assert.equal(steps[0]?.stepRun?.step, "run");
  });

  test("count once, however often they are reported and the step is tried", async (t) => {
    const { lease, report, client } = await runningBuild(t);
    await report(1, RESULTS);
    await report(1, RESULTS);
    await report(1, { ...RESULTS, failures: 0 }, 2);
    const { workflow } = await client.getWorkflow({ id: lease.workflowId });
    assert.deepEqual([workflow?.tests?.tests, workflow?.tests?.failures], [3, 0]);
  });

  test("are absent where no step has any", async (t) => {
    const { lease, report, client } = await runningBuild(t);
    await report(1, undefined);
    const { workflow } = await client.getWorkflow({ id: lease.workflowId });
    assert.equal(workflow?.tests, undefined);
    assert.deepEqual((await client.getTestResults({ workflowId: lease.workflowId })).steps, []);
    await assert.rejects(client.getTestResults({ workflowId: "99" }), /workflow "99" does not exist/);
  });

  test("of a stranger are cut to their bounds and freed of what the database does not take", async (t) => {
    const { lease, report, client } = await runningBuild(t);
    const failed = Array.from({ length: 1_500 }, () => ({ name: `\0${"x".repeat(400)}`, output: "\uD800" }));
    await report(1, { ...RESULTS, tests: 2 ** 32 - 1, failed });
    const { steps } = await client.getTestResults({ workflowId: lease.workflowId });
    const results = steps[0]?.results;
    assert.equal(results?.failed.length, 1_000);
    assert.equal(results?.failed[0]?.name.length, 300);
    assert.equal(results?.failed[0]?.output, "\uFFFD");
    assert.equal(results?.truncated, true);
    assert.equal(results?.tests, 2 ** 31 - 1);
  });

  test("within the bounds stay as they are", () => {
    const results = create(TestResultsSchema, RESULTS);
    assert.deepEqual(checkedTestResults(results), results);
  });
});
