import { create } from "@bufbuild/protobuf";
import {
  FieldViolationSchema,
  ListPipelinesRequestSchema,
  ListWorkflowsRequestSchema,
  WorkflowState,
} from "@groundcrew/proto";
import { Code, ConnectError, detailOf } from "@groundcrew/rpc";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { submit } from "../testing/pipeline.ts";
import { cancelPipeline } from "./cancel.ts";
import { listPipelines, listWorkflows } from "./list.ts";

function pipelines({ db }: ServerContext, size = 0, token = "") {
  return listPipelines(db, create(ListPipelinesRequestSchema, { page: { size, token } }));
}

function workflows({ db }: ServerContext, filter: { states?: WorkflowState[]; pipelineId?: string; size?: number }) {
  const { size = 0, ...rest } = filter;
  return listWorkflows(db, create(ListWorkflowsRequestSchema, { ...rest, page: { size } }));
}

suite("the list of pipelines", () => {
  test("is newest first, in pages that meet", async (t) => {
    const context = await testContext(t);
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push((await submit(context, { a: {} })).id);
    const shown: (string | undefined)[] = [];
    let token = "";
    let pages = 0;
    do {
      const page = await pipelines(context, 2, token);
      shown.push(...(page.pipelines ?? []).map(({ id }) => id));
      token = page.nextPageToken ?? "";
      pages++;
    } while (token !== "");
    assert.deepEqual(shown, ids.toReversed());
    assert.equal(pages, 3);
  });

  test("counts each pipeline's workflows and leaves them out", async (t) => {
    const context = await testContext(t);
    await submit(context, { a: {}, b: {} });
    const { id } = await submit(context, { a: {} });
    await cancelPipeline(context, id, "alice");
    const { pipelines: shown } = await pipelines(context);
    assert.deepEqual(
      shown?.map(({ workflowCount, endedCount, state, workflows }) => [workflowCount, endedCount, state, workflows]),
      [
        [1, 1, WorkflowState.CANCELED, []],
        [2, 0, WorkflowState.QUEUED, []],
      ],
    );
  });

  test("has no next page when the last row is its last", async (t) => {
    const context = await testContext(t);
    await submit(context, { a: {} });
    assert.equal((await pipelines(context, 1)).nextPageToken, "");
  });

  test("refuses a page that is none, naming the field", async (t) => {
    const context = await testContext(t);
    for (const [field, size, token] of [
      ["page.size", 1_001, ""],
      ["page.token", 1, "%%%"],
      ["page.token", 1, Buffer.from("0").toString("base64url")],
      ["page.token", 1, Buffer.from("9".repeat(40)).toString("base64url")],
    ] as const) {
      const error: unknown = await pipelines(context, size, token).catch((error: unknown) => error);
      assert.ok(error instanceof ConnectError && error.code === Code.InvalidArgument);
      assert.equal(detailOf(error, FieldViolationSchema)?.field, field);
    }
  });
});

suite("the list of workflows", () => {
  test("is newest first and filtered by state and by pipeline", async (t) => {
    const context = await testContext(t);
    const first = await submit(context, { a: {}, b: { after: ["a"] } });
    const second = await submit(context, { c: {} });
    const names = async (filter: Parameters<typeof workflows>[1]) =>
      (await workflows(context, filter)).workflows?.map(({ name }) => name);
    assert.deepEqual(await names({}), ["c", "b", "a"]);
    assert.deepEqual(await names({ size: 2 }), ["c", "b"]);
    assert.deepEqual(await names({ states: [WorkflowState.QUEUED] }), ["c", "a"]);
    assert.deepEqual(await names({ states: [WorkflowState.QUEUED, WorkflowState.BLOCKED] }), ["c", "b", "a"]);
    assert.deepEqual(await names({ pipelineId: first.id }), ["b", "a"]);
    assert.deepEqual(await names({ pipelineId: second.id, states: [WorkflowState.BLOCKED] }), []);
  });

  test("refuses a state that is none", async (t) => {
    const context = await testContext(t);
    for (const states of [[WorkflowState.UNSPECIFIED], [99 as WorkflowState]]) {
      await assert.rejects(workflows(context, { states }), { code: Code.InvalidArgument });
    }
  });
});
