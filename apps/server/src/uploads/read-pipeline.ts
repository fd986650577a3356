import { baseOf } from "@groundcrew/pipeline";
import { conflict } from "@groundcrew/rpc";
import type { Tx } from "../context.ts";
import type { StoredTrigger, WorkflowPlanRow } from "../workflows/plan.ts";
import { staleEpoch } from "../workflows/stale.ts";
import { noSuchStep } from "../workflows/step-run.ts";
import type { Upload } from "./checked-upload.ts";

/** A workflow that the pipeline has. */
export interface Known {
  id: string;
  name: string;
  base: string;
}

/** The pipeline that a step adds to. */
export interface OwnPipeline {
  id: string;
  source: { repository: string; commit: string; branch: string };
  env: Record<string, string>;
  trusted: boolean;
  /** What started it. */
  trigger: StoredTrigger;
  /** What the workflow runs whose step it is. */
  plan: Extract<WorkflowPlanRow, { kind: "build" }>;
  /** By name; of one that was retried, the newest. */
  workflows: ReadonlyMap<string, Known>;
}

/**
 * The pipeline of the workflow whose step asks, locked against whatever else adds to it, cancels or removes it. Throws
 * FAILED_PRECONDITION for a vetting run and StaleEpoch for one that is gone, INVALID_ARGUMENT for a step that the workflow
 * does not have.
 */
export async function lockPipeline(tx: Tx, upload: Upload): Promise<OwnPipeline> {
  const { workflowId, step } = upload;
  const row = await tx
    .selectFrom("workflows as w")
    .innerJoin("label_classes as c", "c.id", "w.class_id")
    .select(["w.pipeline_id", "w.plan", "c.trusted"])
    .where("w.id", "=", workflowId)
    .executeTakeFirst();
  if (!row) throw staleEpoch(upload, undefined);
  const { pipeline_id: id, plan, trusted } = row;
  if (id === null || plan.kind !== "build") throw conflict(`workflow ${workflowId} belongs to no pipeline`);
  const steps = plan.steps.map(({ name }) => name);
  if (!steps.includes(step)) throw noSuchStep(step, steps);
  const columns = ["repository", "commit", "branch", "env", "trigger"] as const;
  const pipelines = tx.selectFrom("pipelines").select(columns).where("id", "=", id);
  const { env, trigger, ...source } = await pipelines.forNoKeyUpdate().executeTakeFirstOrThrow();
  return { id, source, env, trusted, trigger, plan, workflows: await readWorkflows(tx, id) };
}

async function readWorkflows(tx: Tx, pipelineId: string): Promise<Map<string, Known>> {
  const rows = await tx
    .selectFrom("workflows")
    .select(["id", "name", "matrix"])
    .where("pipeline_id", "=", pipelineId)
    .orderBy("id")
    .execute();
  return new Map(rows.map(({ id, name, matrix }) => [name, { id, name, base: baseOf(name, matrix) }]));
}
