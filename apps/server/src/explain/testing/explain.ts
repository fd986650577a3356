import { create } from "@bufbuild/protobuf";
import { ExplainWorkflowResponseSchema, type ExplainWorkflowResponse, type WaitReason } from "@groundcrew/proto";
import assert from "node:assert/strict";
import type { ServerContext } from "../../context.ts";
import type { PauseScopeName } from "../../db/schema.ts";
import { explainWorkflow } from "../explain.ts";

/** What is said of a workflow, as an operator hears it. */
export async function explain(context: ServerContext, { id }: { id: string }): Promise<ExplainWorkflowResponse> {
  return create(ExplainWorkflowResponseSchema, await explainWorkflow(context, id));
}

type Kind = NonNullable<WaitReason["reason"]["case"]>;

/** The one reason of a workflow that waits for one thing, which is of this kind. */
export async function onlyReason<C extends Kind>(context: ServerContext, workflow: { id: string }, kind: C) {
  const [only, ...others] = (await explain(context, workflow)).reasons;
  assert.deepEqual([only?.reason.case, others], [kind, []]);
  assert.ok(only);
  return { text: only.text, value: only.reason.value as Extract<WaitReason["reason"], { case: C }>["value"] };
}

/** Puts a pause in force, by `bob`. */
export async function insertPause(
  { db }: ServerContext,
  scope: PauseScopeName,
  target: string,
  reason = "the rack moves",
): Promise<void> {
  await db.insertInto("pauses").values({ scope, target, paused_by: "bob", reason }).execute();
}
