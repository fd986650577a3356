import type { CheckoutPlan, WorkflowPlan } from "@groundcrew/pipeline";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { json } from "../db/json.ts";
import type { BlockReasonName } from "../db/schema.ts";
import { namedSecrets } from "../secrets/named.ts";
import type { Submitted } from "./insert-pipelines.ts";
import { labelClassIds } from "./label-classes.ts";
import { ownerOf } from "./owner.ts";
import type { StoredCheckout, WorkflowPlanRow } from "./plan.ts";
import { placeOf } from "./rules.ts";
import type { Submission } from "./submission.ts";
import { topologicalOrder } from "./topological-order.ts";
import { fillGroups, type Deciding } from "./transitions.ts";

/** A submission with its new pipeline. */
interface Added extends Submitted {
  pipelineId: string;
}

interface NewWorkflow extends Added {
  workflow: WorkflowPlan;
  owner: string;
  classId: number;
}

/**
 * Queues new workflows, or blocks them by what they wait for. Returns the topics to publish. `known`: the ids of
 * workflows that are there already and that they may wait for, by pipeline and name, as `7/build`.
 */
export async function insertWorkflows(
  tx: Tx,
  context: Deciding,
  added: readonly Added[],
  known: ReadonlyMap<string, string> = new Map(),
): Promise<Topic[]> {
  if (added.length === 0) return [];
  const workflows = await classified(tx, added);
  // A step may add files of which the trigger starts nothing.
  if (workflows.length === 0) return [];
  const pools = await poolsOf(
    tx,
    workflows.map(({ classId }) => classId),
  );
  const rows = workflows.map((each, n) => rowOf(each, n, (classId) => turnOf(context, pools, classId, each.owner)));
  const ids = await insertRows(tx, context.replica, rows);
  await insertParents(tx, workflows, new Map([...known, ...ids]));
  const groups = rows.flatMap(({ block_reason, concurrency_group: group }) =>
    block_reason === "limit" && group !== null ? [group] : [],
  );
  return fillGroups(tx, context, groups);
}

/** Parents before their children, so that they get smaller ids: who locks rows in id order locks down the graph. */
async function classified(tx: Tx, added: readonly Added[]): Promise<NewWorkflow[]> {
  const all = added.flatMap((each) => {
    const owner = ownerOf(each.submission.source.repository);
    return topologicalOrder(each.submission.plan.workflows).map((workflow) => ({ ...each, workflow, owner }));
  });
  const classIds = await labelClassIds(
    tx,
    all.map(({ workflow: { labels }, owner, submission: { source, trusted } }) => ({
      kind: "build" as const,
      labels,
      machineId: null,
      owner,
      repository: source.repository,
      trusted,
    })),
  );
  return all.map((each, index) => ({ ...each, classId: classIds[index] ?? 0 }));
}

async function poolsOf(tx: Tx, classIds: readonly number[]): Promise<Map<number, string>> {
  const rows = await tx
    .selectFrom("label_classes")
    .select(["id", "pool"])
    .where("id", "in", [...new Set(classIds)])
    .execute();
  return new Map(rows.map(({ id, pool }) => [id, pool]));
}

function turnOf({ turns }: Deciding, pools: ReadonlyMap<number, string>, classId: number, owner: string): number {
  return turns.take(pools.get(classId) ?? "", owner);
}

interface NewRow {
  [column: string]: unknown;
  block_reason: BlockReasonName | null;
  concurrency_group: string | null;
}

function rowOf(each: NewWorkflow, n: number, turn: (classId: number) => number): NewRow {
  const { workflow, submission, pipelineId, classId, submittedBy } = each;
  const { name, matrix, dependsOn, timeoutMs, onAgentLost, priority, concurrency, retry, queueTimeoutMs } = workflow;
  // Pipelines of one repository share its groups, and no other's.
  const group = concurrency ? `${submission.source.repository}\n${concurrency.group}` : null;
  const plan = storedPlan(workflow, submission);
  const unapproved = needsApproval(workflow, submission, plan);
  const dependent = dependsOn.length > 0;
  const place = placeOf({ dependent, unapproved, delayed: submission.delayMs > 0, grouped: group !== null });
  return {
    n,
    pipeline_id: pipelineId,
    class_id: classId,
    actor: submittedBy,
    name,
    matrix,
    priority,
    depends_on: dependsOn.map((parent) => parent.name),
    plan,
    timeout_ms: timeoutMs,
    on_agent_lost: onAgentLost,
    parents_left: dependsOn.length,
    state: place.state,
    block_reason: place.reason,
    needs_approval: unapproved,
    fair_key: dependent ? 0 : turn(classId),
    delay_ms: submission.delayMs === 0 ? null : submission.delayMs,
    queue_timeout_ms: queueTimeoutMs === 0 ? null : queueTimeoutMs,
    concurrency_group: group,
    concurrency_limit: concurrency?.limit ?? null,
    concurrency_cancels: concurrency?.whenFull === "cancel_previous",
    retry: retry ?? null,
  };
}

/** A stranger's workflow that names secrets waits as well: it runs only once it is approved with these. */
function needsApproval({ approval }: WorkflowPlan, { trusted }: Submission, plan: WorkflowPlanRow): boolean {
  return approval || (!trusted && namedSecrets(plan).length > 0);
}

/** The caller's variables win over all of the file's, those of single steps, computed ones and secrets included. */
function storedPlan(workflow: WorkflowPlan, submission: Submission): WorkflowPlanRow {
  const { env, steps, matrix, checkout } = workflow;
  const { env: given, source, trigger } = submission;
  return {
    kind: "build",
    env: { ...env, ...given, ...sourceEnv(source) },
    steps: steps.map((step) => ({
      ...step,
      env: without(step.env, given),
      computedEnv: without(step.computedEnv, given),
      secrets: without(step.secrets, given),
    })),
    trigger,
    matrix,
    ...(checkout && { checkout: storedCheckout(checkout, submission) }),
  };
}

function storedCheckout(checkout: CheckoutPlan, { source, trigger }: Submission): StoredCheckout {
  const { repository, commit, branch } = source;
  return { repository, commit, ref: trigger.tag || branch, ...checkout };
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

/** Their ids by pipeline and name. */
async function insertRows(tx: Tx, replica: string, rows: readonly NewRow[]): Promise<Map<string, string>> {
  const { rows: inserted } = await sql<{ id: string; pipeline_id: string; name: string }>`
    with given as (
      select * from jsonb_to_recordset(${json(rows)}) as g (
        n integer, pipeline_id bigint, class_id integer, actor text, name text, matrix jsonb, priority integer,
        depends_on text[], plan jsonb, timeout_ms integer, on_agent_lost text, parents_left integer, state text,
        block_reason text, fair_key bigint, delay_ms bigint, queue_timeout_ms integer, concurrency_group text,
        concurrency_limit integer, concurrency_cancels boolean, retry jsonb, needs_approval boolean)
    ), inserted as (
      insert into workflows (pipeline_id, kind, name, matrix, depends_on, class_id, priority, plan, timeout_ms,
        on_agent_lost, parents_left, state, block_reason, fair_key, not_before, queue_timeout_ms, queued_at,
        queue_deadline, concurrency_group, concurrency_limit, concurrency_cancels, retry,
        needs_approval)
      select pipeline_id, 'build', name, matrix, depends_on, class_id, priority, plan, timeout_ms, on_agent_lost,
        parents_left, state, block_reason, fair_key, now() + delay_ms * interval '1 millisecond', queue_timeout_ms,
        case when state = 'queued' then now() end,
        case when state = 'queued' then now() + queue_timeout_ms * interval '1 millisecond' end,
        concurrency_group, concurrency_limit, concurrency_cancels, nullif(retry, 'null'), needs_approval
      from given order by n
      returning id, pipeline_id, name, state
    ), history as (
      insert into workflow_events (workflow_id, to_state, epoch, actor, replica)
      select i.id, i.state, 0, g.actor, ${replica} from inserted i
      join given g on g.pipeline_id = i.pipeline_id and g.name = i.name order by i.id
    )
    select id, pipeline_id, name from inserted`.execute(tx);
  return new Map(inserted.map(({ id, pipeline_id, name }) => [`${pipeline_id}/${name}`, id]));
}

async function insertParents(tx: Tx, workflows: readonly NewWorkflow[], ids: ReadonlyMap<string, string>) {
  const links = workflows.flatMap(({ pipelineId, workflow: { name, dependsOn } }) =>
    dependsOn.map((parent) => ({
      child_id: ids.get(`${pipelineId}/${name}`),
      parent_id: ids.get(`${pipelineId}/${parent.name}`),
      condition: parent.on,
    })),
  );
  if (links.length === 0) return;
  await sql`
    insert into workflow_parents (child_id, parent_id, condition)
    select * from jsonb_to_recordset(${json(links)}) as l (child_id bigint, parent_id bigint, condition text)`.execute(
    tx,
  );
}
