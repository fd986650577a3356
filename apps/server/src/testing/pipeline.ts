import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { SubmitPipelineRequestSchema, type SubmitPipelineRequest } from "@groundcrew/proto";
import type { ServerContext } from "../context.ts";
import { submitPipeline } from "./verbs.ts";

/** A workflow of one step in a test's pipeline file. */
interface WorkflowSketch {
  after?: string[];
  labels?: Record<string, string>;
  matrix?: Record<string, string[]>;
  env?: Record<string, string>;
  stepEnv?: Record<string, string>;
  onAgentLost?: "requeue" | "fail";
}

/** A pipeline file with these workflows, each of one step named "run". JSON is YAML. */
export function pipelineFile(workflows: Record<string, WorkflowSketch>): string {
  const entries = Object.entries(workflows).map(([name, { after, stepEnv, onAgentLost, ...rest }]) => [
    name,
    {
      ...rest,
      ...(after && { depends_on: after }),
      ...(onAgentLost && { on_agent_lost: onAgentLost }),
      steps: [{ name: "run", run: "true", ...(stepEnv && { env: stepEnv }) }],
    },
  ]);
  return JSON.stringify({ name: "p", workflows: Object.fromEntries(entries) });
}

/** A request to submit these workflows. */
export function submission(
  workflows: Record<string, WorkflowSketch>,
  changes: MessageInitShape<typeof SubmitPipelineRequestSchema> = {},
): SubmitPipelineRequest {
  const file = { path: "ci.yaml", content: pipelineFile(workflows) };
  return create(SubmitPipelineRequestSchema, { file, ...changes } as never);
}

/** Submits these workflows as `alice`. Returns the pipeline's id, and the workflows' ids by name. */
export async function submit(
  context: ServerContext,
  workflows: Record<string, WorkflowSketch>,
): Promise<{ id: string; ids: Record<string, string> }> {
  const id = await submitPipeline(context, submission(workflows), "alice");
  const rows = await context.db.selectFrom("workflows").select(["id", "name"]).where("pipeline_id", "=", id).execute();
  return { id, ids: Object.fromEntries(rows.map(({ id, name }) => [name, id])) };
}
