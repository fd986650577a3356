import { conflict, invalidField, notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { namedSecrets } from "../secrets/named.ts";
import { requireId } from "../validate.ts";
import { lockOpen, selectRows, type WorkflowRow } from "../workflows/workflow-row.ts";

/** What an approval or a refusal is about: a workflow, or those of a pipeline that wait for one now. */
export type ApprovalTarget = { workflowId: string } | { pipelineId: string };

/** What a request names. Throws INVALID_ARGUMENT naming the field. */
export function checkedTarget({ workflowId, pipelineId }: { workflowId: string; pipelineId: string }): ApprovalTarget {
  if ((workflowId === "0") === (pipelineId === "0")) {
    throw invalidField("workflow_id", workflowId, "a workflow's id, or else pipeline_id set: exactly one of the two");
  }
  return pipelineId === "0"
    ? { workflowId: requireId("workflow_id", workflowId) }
    : { pipelineId: requireId("pipeline_id", pipelineId) };
}

/** A locked workflow that waits for an approval, with what decides whether it needs secrets. */
export interface Waiting {
  row: WorkflowRow;
  name: string;
  /** A stranger's. */
  untrusted: boolean;
  /** The secrets that its steps name. */
  secrets: string[];
}

/**
 * Locks the workflows that are asked about and wait for an approval, in the order of their ids. Throws NOT_FOUND, and
 * FAILED_PRECONDITION when there is none that waits for one.
 */
export async function lockWaiting(tx: Tx, target: ApprovalTarget): Promise<Waiting[]> {
  const { pipelineId, workflow } = await find(tx, target);
  const open = pipelineId === null ? [] : await lockOpen(tx, pipelineId);
  const waiting = open.filter(
    ({ id, state, block_reason }) =>
      state === "blocked" && block_reason === "approval" && (workflow === undefined || id === workflow.id),
  );
  if (waiting.length > 0) return withFacts(tx, waiting);
  if (workflow === undefined) throw conflict(`no workflow of pipeline ${pipelineId} waits for an approval now`);
  const now = open.find(({ id }) => id === workflow.id) ?? workflow;
  const stands = now.state === "blocked" ? `is blocked by its ${now.block_reason}` : `is ${now.state}`;
  throw conflict(`workflow ${now.id} does not wait for an approval now: it ${stands}`);
}

type Named = Pick<WorkflowRow, "id" | "state" | "block_reason">;

/** The pipeline that a target is of, and the workflow, when it is one. */
async function find(tx: Tx, target: ApprovalTarget): Promise<{ pipelineId: string | null; workflow?: Named }> {
  if ("workflowId" in target) {
    const { workflowId: id } = target;
    const found = await selectRows(tx).where("id", "=", id).executeTakeFirst();
    if (!found) throw notFound("workflow", id);
    return { pipelineId: found.pipeline_id, workflow: found };
  }
  const { pipelineId } = target;
  const found = await tx.selectFrom("pipelines").select("id").where("id", "=", pipelineId).executeTakeFirst();
  if (!found) throw notFound("pipeline", pipelineId);
  return { pipelineId };
}

async function withFacts(tx: Tx, rows: readonly WorkflowRow[]): Promise<Waiting[]> {
  const facts = await tx
    .selectFrom("workflows as w")
    .innerJoin("label_classes as c", "c.id", "w.class_id")
    .select(["w.id", "w.name", "w.plan", "c.trusted"])
    .where("w.id", "=", sql<string>`any (${rows.map(({ id }) => id)}::bigint[])`)
    .execute();
  const byId = new Map(facts.map((each) => [each.id, each]));
  return rows.flatMap((row) => {
    const known = byId.get(row.id);
    if (!known) return [];
    return [{ row, name: known.name, untrusted: !known.trusted, secrets: namedSecrets(known.plan) }];
  });
}
