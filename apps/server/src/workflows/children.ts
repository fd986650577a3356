import type { DependencyCondition } from "@groundcrew/pipeline";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import type { Ready } from "./admission.ts";
import { decideChild, type TerminalState } from "./rules.ts";
import { selectRows, type WorkflowRow } from "./workflow-row.ts";
import type { Link } from "./write-changes.ts";

/** What the ends of parents made of their children. */
export interface ChildDecisions {
  /** Never run: to be ended. */
  skipped: WorkflowRow[];
  /** Wait for no other workflow any more. */
  ready: Ready[];
}

/**
 * Decides the children of workflows that ended, in the transaction that ends them. Locked in id order, which is down the
 * graph, so that parents that end at once never deadlock; one that has ended already has decided its own children.
 */
export async function decideChildren(
  tx: Tx,
  links: readonly Link[],
  ends: ReadonlyMap<string, TerminalState>,
): Promise<ChildDecisions> {
  const ended = Map.groupBy(links, ({ childId }) => childId);
  const skipped: WorkflowRow[] = [];
  const waiting: { id: string; parents_left: number }[] = [];
  const ready: string[] = [];
  for (const child of await lockBlocked(tx, [...ended.keys()])) {
    const decision = decideChild(child.parents_left, conditionsOf(ended.get(child.id) ?? [], ends));
    if (decision.kind === "skip") skipped.push(child);
    else waiting.push({ id: child.id, parents_left: decision.kind === "ready" ? 0 : decision.parentsLeft });
    if (decision.kind === "ready") ready.push(child.id);
  }
  await writeParentsLeft(tx, waiting);
  return { skipped, ready: await readReady(tx, ready) };
}

function conditionsOf(links: readonly Link[], ends: ReadonlyMap<string, TerminalState>) {
  return links.flatMap(({ parentId, condition }): { condition: DependencyCondition; parent: TerminalState }[] => {
    const parent = ends.get(parentId);
    return parent === undefined ? [] : [{ condition, parent }];
  });
}

function lockBlocked(tx: Tx, ids: readonly string[]): Promise<WorkflowRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return selectRows(tx)
    .where("id", "=", sql<string>`any (${ids}::bigint[])`)
    .where("state", "=", "blocked")
    .orderBy("id")
    .forUpdate()
    .execute();
}

async function writeParentsLeft(tx: Tx, rows: readonly { id: string; parents_left: number }[]): Promise<void> {
  if (rows.length === 0) return;
  const [ids, left] = [rows.map(({ id }) => id), rows.map(({ parents_left }) => parents_left)];
  await sql`
    update workflows w set parents_left = g.parents_left
    from unnest(${ids}::bigint[], ${left}::integer[]) as g (id, parents_left) where w.id = g.id`.execute(tx);
}

/** Which of these children wait for which of these parents. */
export async function readLinks(tx: Tx, childIds: readonly string[], parentIds: readonly string[]): Promise<Link[]> {
  if (childIds.length === 0 || parentIds.length === 0) return [];
  return tx
    .selectFrom("workflow_parents")
    .select(["child_id as childId", "parent_id as parentId", "condition"])
    .where("parent_id", "=", sql<string>`any (${parentIds}::bigint[])`)
    .where("child_id", "=", sql<string>`any (${childIds}::bigint[])`)
    .execute();
}

/** What admission needs of locked workflows. */
export function readReady(tx: Tx, ids: readonly string[]): Promise<Ready[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return tx
    .selectFrom("workflows as w")
    .innerJoin("label_classes as c", "c.id", "w.class_id")
    .select(["w.id", "w.pipeline_id", "w.epoch", "w.concurrency_group", "c.pool", "c.owner"])
    .select(sql<boolean>`coalesce(w.not_before > now(), false)`.as("delayed"))
    .select(sql<boolean>`w.needs_approval and w.approved_at is null`.as("unapproved"))
    .where("w.id", "=", sql<string>`any (${ids}::bigint[])`)
    .orderBy("w.id")
    .execute();
}
