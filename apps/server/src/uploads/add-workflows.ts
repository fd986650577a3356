import type { PipelinePlan, WorkflowPlan } from "@groundcrew/pipeline";
import type { AddWorkflowsRequest } from "@groundcrew/proto";
import { conflict } from "@groundcrew/rpc";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { json } from "../db/json.ts";
import { insertWorkflows } from "../workflows/insert-workflows.ts";
import { hasEnded, isHeld, type TerminalState } from "../workflows/rules.ts";
import { checkStoredEnv, fileProblems, type Submission } from "../workflows/submission.ts";
import { isOwn, staleEpoch } from "../workflows/stale.ts";
import { settleAdded } from "../workflows/transitions.ts";
import { lockWorkflows, type WorkflowRow } from "../workflows/workflow-row.ts";
import { checkedUpload, type Upload } from "./checked-upload.ts";
import { planUpload } from "./plan-upload.ts";
import { lockPipeline, type OwnPipeline } from "./read-pipeline.ts";

/** How often steps may add to one pipeline: its files are kept. */
const UPLOADS_MAX = 100;

/** A workflow that was added. */
interface Added {
  id: string;
  name: string;
}

/** What one upload came to. */
interface Outcome {
  added: Added[];
  topics: Topic[];
}

/**
 * Adds workflows to the pipeline of a workflow that the caller runs, all or none: of the same source, with the same trust
 * and variables. The same files from the same workflow are added once, also by a later try of it. Throws StaleEpoch,
 * INVALID_ARGUMENT with every problem of a file or naming the field, and FAILED_PRECONDITION while the workflow is being
 * canceled.
 */
export async function addWorkflows(
  context: ServerContext,
  caller: Caller,
  request: AddWorkflowsRequest,
): Promise<Added[]> {
  const upload = checkedUpload(request);
  const { added, topics } = await context.db.transaction().execute((tx) => add(tx, context, caller, upload));
  context.hints.publish(...topics);
  return added;
}

async function add(tx: Tx, context: ServerContext, caller: Caller, upload: Upload): Promise<Outcome> {
  const pipeline = await lockPipeline(tx, upload);
  const plans = await newWorkflows(tx, pipeline, upload);
  const rows = await lockRows(tx, upload, "earlier" in plans ? [] : parentsOf(plans.plan.workflows, pipeline));
  checkAsker(rows.get(upload.workflowId), caller, upload);
  if ("earlier" in plans) return { added: plans.earlier, topics: [] };
  return insert(tx, context, { pipeline, upload, rows, plan: plans.plan, actor: caller.name });
}

/** What is to be added, or was added before. */
async function newWorkflows(
  tx: Tx,
  pipeline: OwnPipeline,
  { workflowId, digest, files }: Upload,
): Promise<{ plan: PipelinePlan } | { earlier: Added[] }> {
  const uploads = await tx
    .selectFrom("workflow_uploads")
    .select(["workflow_id", "digest", "added"])
    .where("pipeline_id", "=", pipeline.id)
    .execute();
  const earlier = uploads.find((each) => each.workflow_id === workflowId && digest.equals(each.digest));
  if (earlier) return { earlier: earlier.added };
  if (uploads.length >= UPLOADS_MAX)
    throw conflict(`steps have added to pipeline ${pipeline.id} ${UPLOADS_MAX} times already`);
  const { workflows, plan, trigger } = pipeline;
  const planned = planUpload(files, { known: workflows.values(), steps: plan.steps, trigger });
  if ("problems" in planned) throw fileProblems(planned.problems);
  return planned;
}

/** The workflows of the pipeline that the new ones wait for. */
function parentsOf(workflows: readonly WorkflowPlan[], pipeline: OwnPipeline): string[] {
  const names = new Set(workflows.flatMap(({ dependsOn }) => dependsOn.map(({ name }) => name)));
  return [...names].flatMap((name) => pipeline.workflows.get(name)?.id ?? []);
}

/** Locked, so that none of them ends unnoticed before those that wait for it are there. */
async function lockRows(tx: Tx, { workflowId }: Upload, parents: readonly string[]): Promise<Map<string, WorkflowRow>> {
  const rows = await lockWorkflows(tx, [workflowId, ...parents]);
  return new Map(rows.map((row) => [row.id, row]));
}

function checkAsker(row: WorkflowRow | undefined, caller: Caller, upload: Upload): void {
  if (!row || !isOwn(row, caller, upload) || !isHeld(row.state)) throw staleEpoch(upload, row);
  if (row.cancel_requested_at) throw conflict(`workflow ${row.id} is being canceled: it can add nothing more`);
}

interface Insertion {
  pipeline: OwnPipeline;
  upload: Upload;
  rows: ReadonlyMap<string, WorkflowRow>;
  plan: PipelinePlan;
  /** Whose doing it is, for the history. */
  actor: string;
}

async function insert(tx: Tx, context: ServerContext, insertion: Insertion): Promise<Outcome> {
  const { pipeline, upload, rows, plan, actor } = insertion;
  const submission = submissionOf(insertion);
  checkStoredEnv(submission);
  const known = [...pipeline.workflows.values()].map(({ id, name }) => [`${pipeline.id}/${name}`, id] as const);
  const batch = [{ submission, submittedBy: actor, pipelineId: pipeline.id }];
  const topics = await insertWorkflows(tx, context, batch, new Map(known));
  const added = await readAdded(tx, pipeline.id, plan.workflows);
  topics.push(
    ...(await settleAdded(
      tx,
      context,
      added.map(({ id }) => id),
      endsOf(rows),
    )),
  );
  await remember(tx, pipeline, upload, added);
  return { added, topics: ["queue", ...topics, `pipeline:${pipeline.id}`] };
}

/** As if the pipeline's own submitter had sent it: nothing of it is the step's to say. */
function submissionOf({ pipeline, upload: { files }, plan }: Insertion): Submission {
  const { source, env, trusted, trigger } = pipeline;
  return { files, source, env, trusted, trigger, idempotencyKey: null, delayMs: 0, plan };
}

function endsOf(rows: ReadonlyMap<string, WorkflowRow>): Map<string, TerminalState> {
  return new Map([...rows].flatMap(([id, { state }]) => (hasEnded(state) ? [[id, state] as const] : [])));
}

/** In the order of the files. */
async function readAdded(tx: Tx, pipelineId: string, workflows: readonly WorkflowPlan[]): Promise<Added[]> {
  const names = workflows.map(({ name }) => name);
  const rows = await tx
    .selectFrom("workflows")
    .select(["id", "name"])
    .where("pipeline_id", "=", pipelineId)
    .where("name", "in", names)
    .execute();
  return rows.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

async function remember(tx: Tx, { id }: OwnPipeline, upload: Upload, added: readonly Added[]): Promise<void> {
  const { workflowId, digest, epoch, step, files } = upload;
  await tx
    .insertInto("workflow_uploads")
    .values({ workflow_id: workflowId, digest, pipeline_id: id, epoch, step, files: json(files), added: json(added) })
    .execute();
}
