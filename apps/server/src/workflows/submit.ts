import type { WorkflowPlan } from "@groundcrew/pipeline";
import type { SubmitPipelineRequest } from "@groundcrew/proto";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import { json } from "../db/json.ts";
import { labelClassIds } from "./label-classes.ts";
import type { WorkflowPlanRow } from "./plan.ts";
import { checkedSubmission, type Submission } from "./submission.ts";
import { topologicalOrder } from "./topological-order.ts";

/**
 * Checks a pipeline file and queues its workflows, all or none. Returns the pipeline's id: of the first one, when the
 * same submitter repeats an idempotency key. Throws INVALID_ARGUMENT as {@link checkedSubmission} does.
 */
export async function submitPipeline(
  { db, hints }: Pick<ServerContext, "db" | "hints">,
  request: SubmitPipelineRequest,
  submittedBy: string,
): Promise<string> {
  const submission = checkedSubmission(request);
  const id = await db.transaction().execute(async (tx) => {
    const inserted = await insertPipeline(tx, submission, submittedBy);
    if (inserted === undefined) return firstPipeline(tx, submission, submittedBy);
    await insertWorkflows(tx, inserted, submission, submittedBy);
    return inserted;
  });
  hints.publish("queue", `pipeline:${id}`);
  return id;
}

/** The id of the new row; undefined when one with its idempotency key exists, after waiting for it to be committed. */
async function insertPipeline(tx: Tx, submission: Submission, submittedBy: string): Promise<string | undefined> {
  const { file, source, env, idempotencyKey, plan } = submission;
  const row = await tx
    .insertInto("pipelines")
    .values({
      name: plan.name,
      file_path: file.path,
      file_content: file.content,
      ...source,
      env: json(env),
      submitted_by: submittedBy,
      idempotency_key: idempotencyKey,
    })
    .onConflict((conflict) => conflict.columns(["submitted_by", "idempotency_key"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

async function firstPipeline(tx: Tx, { idempotencyKey }: Submission, submittedBy: string): Promise<string> {
  const { id } = await tx
    .selectFrom("pipelines")
    .select("id")
    .where("submitted_by", "=", submittedBy)
    .where("idempotency_key", "=", idempotencyKey)
    .executeTakeFirstOrThrow();
  return id;
}

async function insertWorkflows(tx: Tx, pipelineId: string, submission: Submission, actor: string): Promise<void> {
  // Parents get smaller ids than their children: whoever locks rows in the order of ids locks down the graph.
  const workflows = topologicalOrder(submission.plan.workflows);
  const classIds = await labelClassIds(
    tx,
    workflows.map(({ labels }) => ({ kind: "build", labels, machineId: null })),
  );
  const rows = workflows.map((workflow, index) => ({
    pipeline_id: pipelineId,
    class_id: classIds[index] ?? 0,
    ...rowOf(workflow, submission),
  }));
  const inserted = await tx.insertInto("workflows").values(rows).returning(["id", "name"]).execute();
  await insertParents(tx, workflows, new Map(inserted.map(({ id, name }) => [name, id])));
  await sql`
    insert into workflow_events (workflow_id, to_state, epoch, actor)
    select id, state, epoch, ${actor} from workflows where pipeline_id = ${pipelineId} order by id`.execute(tx);
}

function rowOf(workflow: WorkflowPlan, submission: Submission) {
  const { name, matrix, dependsOn, timeoutMs, onAgentLost } = workflow;
  const blocked = dependsOn.length > 0;
  return {
    kind: "build" as const,
    name,
    matrix: json(matrix),
    depends_on: dependsOn,
    plan: json(storedPlan(workflow, submission)),
    timeout_ms: timeoutMs,
    on_agent_lost: onAgentLost,
    state: blocked ? ("blocked" as const) : ("queued" as const),
    block_reason: blocked ? ("dependency" as const) : null,
    parents_left: dependsOn.length,
    queued_at: blocked ? null : sql<Date>`now()`,
  };
}

/** The caller's variables win over all of the file's, those of single steps included. */
function storedPlan({ env, steps }: WorkflowPlan, submission: Submission): WorkflowPlanRow {
  const given = submission.env;
  return {
    kind: "build",
    env: { ...env, ...given, ...sourceEnv(submission.source) },
    steps: steps.map((step) => ({ ...step, env: without(step.env, given) })),
  };
}

function without(env: Record<string, string>, names: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !Object.hasOwn(names, name)));
}

function sourceEnv({ repository, commit, branch }: Submission["source"]): Record<string, string> {
  return {
    ...(repository && { GROUNDCREW_REPOSITORY: repository }),
    ...(commit && { GROUNDCREW_COMMIT: commit }),
    ...(branch && { GROUNDCREW_BRANCH: branch }),
  };
}

async function insertParents(tx: Tx, workflows: WorkflowPlan[], ids: ReadonlyMap<string, string>): Promise<void> {
  const links = workflows.flatMap(({ name, dependsOn }) => dependsOn.map((parent) => [ids.get(name), ids.get(parent)]));
  const [children, parents] = [links.map(([child]) => child), links.map(([, parent]) => parent)];
  await sql`
    insert into workflow_parents (child_id, parent_id)
    select * from unnest(${children}::bigint[], ${parents}::bigint[])`.execute(tx);
}
