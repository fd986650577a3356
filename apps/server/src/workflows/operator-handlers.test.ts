import { WorkflowState } from "@groundcrew/proto";
import { Code } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testContext } from "../testing/context.ts";
import { operatorClient } from "../testing/operator.ts";
import { pipelineFile } from "../testing/pipeline.ts";

const file = { path: "ci.yaml", content: pipelineFile({ a: {}, b: { after: ["a"] } }) };

suite("pipelines, over the wire", () => {
  test("are submitted, watched, listed and canceled, in the name of the caller's token", async (t) => {
    const context = await testContext(t);
    const { client } = await operatorClient(t, context, "operator");
    const { pipeline } = await client.submitPipeline({ file });
    const id = pipeline?.id ?? "";
    assert.equal(pipeline?.submittedBy, "alice");
    assert.deepEqual((await client.getPipeline({ id })).pipeline, pipeline);
    const watch = Array.fromAsync(client.watchPipeline({ id }));
    assert.equal((await client.cancelPipeline({ id })).canceledCount, 2);
    assert.equal((await watch).at(-1)?.pipeline?.state, WorkflowState.CANCELED);
    assert.equal((await client.listPipelines({})).pipelines[0]?.endedCount, 2);
    assert.deepEqual(await Array.fromAsync(client.tailLogs({ pipelineId: id, follow: true })), []);
  });

  test("show one workflow with its history, and cancel it", async (t) => {
    const context = await testContext(t);
    const { client } = await operatorClient(t, context, "operator");
    const { pipeline } = await client.submitPipeline({ file });
    const id = pipeline?.workflows[0]?.id ?? "";
    const { workflow } = await client.cancelWorkflow({ id });
    assert.deepEqual([workflow?.state, workflow?.canceledBy], [WorkflowState.CANCELED, "alice"]);
    const shown = await client.getWorkflow({ id });
    assert.deepEqual(shown.workflow, workflow);
    assert.deepEqual(
      shown.events.map(({ to, actor }) => [to, actor]),
      [
        [WorkflowState.QUEUED, "alice"],
        [WorkflowState.CANCELED, "alice"],
      ],
    );
    assert.equal((await client.listWorkflows({ states: [WorkflowState.SKIPPED] })).workflows[0]?.name, "b");
  });

  test("refuse ids that are none", async (t) => {
    const { client } = await operatorClient(t, await testContext(t), "operator");
    for (const id of ["0", "-1"]) {
      await assert.rejects(client.getPipeline({ id }), { code: Code.InvalidArgument });
      await assert.rejects(client.cancelPipeline({ id }), { code: Code.InvalidArgument });
      await assert.rejects(client.getWorkflow({ id }), { code: Code.InvalidArgument });
      await assert.rejects(client.cancelWorkflow({ id }), { code: Code.InvalidArgument });
      await assert.rejects(Array.fromAsync(client.watchPipeline({ id })), { code: Code.InvalidArgument });
    }
  });
});
