import { sql } from "kysely";
import type { Tx } from "../context.ts";
import type { DependencyConditionName, WorkflowStateName } from "../db/schema.ts";
import type { Standing } from "./plan-retry.ts";
import { lockWorkflows } from "./workflow-row.ts";

/** Locks all workflows of a pipeline. Returns the newest of each, in the order in which the first ones were made. */
export async function readStanding(tx: Tx, pipelineId: string): Promise<Standing[]> {
  await lockStates(tx, await readMembers(tx, pipelineId));
  // Nobody retries one that is locked; whoever did before has added its retry.
  const rows = await readMembers(tx, pipelineId);
  const states = await lockStates(tx, rows);
  const firsts = firstOnes(rows);
  const newest = new Map(rows.map(({ id }) => [firsts.get(id) ?? id, id]));
  const parents = await readParents(tx, [...newest.keys()]);
  return [...newest].flatMap(([first, id]) => {
    const state = states.get(id);
    const links = parents.get(first) ?? [];
    const known = links.map(({ parent_id, condition }) => ({
      id: newest.get(firsts.get(parent_id) ?? parent_id) ?? parent_id,
      condition,
    }));
    return state === undefined ? [] : [{ id, state, parents: known }];
  });
}

function readMembers(tx: Tx, pipelineId: string): Promise<{ id: string; retry_of: string | null }[]> {
  return tx
    .selectFrom("workflows")
    .select(["id", "retry_of"])
    .where("pipeline_id", "=", pipelineId)
    .orderBy("id")
    .execute();
}

async function lockStates(tx: Tx, rows: readonly { id: string }[]): Promise<Map<string, WorkflowStateName>> {
  const ids = rows.map(({ id }) => id);
  return new Map((await lockWorkflows(tx, ids)).map(({ id, state }) => [id, state]));
}

/** The first workflow of each chain of retries, by each of its members. */
function firstOnes(rows: readonly { id: string; retry_of: string | null }[]): Map<string, string> {
  const firsts = new Map<string, string>();
  for (const { id, retry_of } of rows) firsts.set(id, firsts.get(retry_of ?? "") ?? id);
  return firsts;
}

async function readParents(
  tx: Tx,
  ids: readonly string[],
): Promise<Map<string, { parent_id: string; condition: DependencyConditionName }[]>> {
  const rows = await tx
    .selectFrom("workflow_parents")
    .selectAll()
    .where("child_id", "=", sql<string>`any (${ids}::bigint[])`)
    .execute();
  return Map.groupBy(rows, ({ child_id }) => child_id);
}
