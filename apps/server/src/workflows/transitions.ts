import type { Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import type { EndReasonName, WorkflowStateName } from "../db/schema.ts";
import { admit, type Admitting, type Ready } from "./admission.ts";
import { decideChildren, readLinks } from "./children.ts";
import { fillGroup } from "./groups.ts";
import { decideRelease, isHeld, type Change, type Ending, type TerminalState } from "./rules.ts";
import { factsOf, topicsOf, type WorkflowRow } from "./workflow-row.ts";
import { writeChanges, type Decided } from "./write-changes.ts";

/** What transitions work with. */
export type Deciding = Admitting;

/** How a workflow ends, and whose doing it is. */
export type End = Omit<Ending, "error"> & { error?: string; actor: string };

/**
 * Carries out changes of locked workflows and all that follows from them, in the caller's transaction: children are
 * decided, places of groups filled. Returns the topics to publish after the commit.
 */
export async function applyChanges(tx: Tx, context: Deciding, decided: readonly Decided[]): Promise<Topic[]> {
  return settle(tx, context, { decided, ready: [], groups: new Set() });
}

/** Lets locked, blocked workflows that wait for no other go on: to the queue, or to wait for a moment or a place. */
export function admitReady(tx: Tx, context: Deciding, ready: readonly Ready[]): Promise<Topic[]> {
  return settle(tx, context, { decided: [], ready, groups: new Set() });
}

/** Decides locked or new workflows whose parents may have ended before they were there; `ends` are those that have. */
export async function settleAdded(
  tx: Tx,
  context: Deciding,
  ids: readonly string[],
  ends: ReadonlyMap<string, TerminalState>,
): Promise<Topic[]> {
  const links = await readLinks(tx, ids, [...ends.keys()]);
  if (links.length === 0) return [];
  const { skipped, ready } = await decideChildren(tx, links, ends);
  const decided = skipped.map((row) => ({ row, change: SKIP, actor: "server" }));
  return settle(tx, context, { decided, ready, groups: new Set() });
}

/** Fills the free places of groups. */
export function fillGroups(tx: Tx, context: Deciding, groups: Iterable<string>): Promise<Topic[]> {
  return settle(tx, context, { decided: [], ready: [], groups: new Set(groups) });
}

/** Takes locked, held workflows from an agent that no longer runs them: requeued, canceled or lost, by their policy. */
export function releaseWorkflows(
  tx: Tx,
  context: Deciding,
  rows: readonly WorkflowRow[],
  reason: EndReasonName,
  actor: string,
): Promise<Topic[]> {
  const decided = rows.map((row) => ({ row, actor, change: decideRelease(factsOf(row), reason) }));
  return applyChanges(tx, context, decided);
}

/** Writes the first state of a new workflow into the history. */
export async function recordFirst(
  tx: Tx,
  { replica }: Deciding,
  id: string,
  state: WorkflowStateName,
  actor: string,
): Promise<void> {
  await tx
    .insertInto("workflow_events")
    .values({ workflow_id: id, to_state: state, epoch: "0", actor, replica })
    .execute();
}

interface Open {
  decided: readonly Decided[];
  ready: readonly Ready[];
  /** Groups that have a place to fill, or somebody new who waits for one. */
  groups: Set<string>;
}

/** Until nothing follows any more. Each step works on all there is of it; groups come last, when all places are known. */
async function settle(tx: Tx, context: Deciding, open: Open): Promise<Topic[]> {
  const topics: Topic[] = [];
  let { decided, ready } = open;
  const { groups } = open;
  while (decided.length > 0 || ready.length > 0 || groups.size > 0) {
    const links = decided.length > 0 ? await writeChanges(tx, context.replica, decided) : [];
    for (const each of decided) noteChange(each, topics, groups);
    const children = links.length > 0 ? await decideChildren(tx, links, endsOf(decided)) : undefined;
    const admitted = await admit(tx, context, [...ready, ...(children?.ready ?? [])]);
    topics.push(...admitted.topics);
    for (const group of admitted.groups) groups.add(group);
    decided = (children?.skipped ?? []).map((row) => ({ row, change: SKIP, actor: "server" }));
    ready = [];
    if (decided.length > 0 || groups.size === 0) continue;
    for (const group of [...groups].toSorted()) {
      const filled = await fillGroup(tx, context.replica, group);
      topics.push(...filled.topics);
      decided = [...decided, ...filled.replaced.map((row) => ({ row, change: REPLACE, actor: "server" }))];
    }
    groups.clear();
  }
  return topics;
}

const SKIP: Change = {
  kind: "end",
  state: "skipped",
  reason: "dependency",
  error: "a workflow it depends on did not end as it needs",
};

const REPLACE: Change = {
  kind: "end",
  state: "canceled",
  reason: "replaced",
  error: "a newer workflow of its concurrency group took its place",
};

function noteChange({ row, change }: Decided, topics: Topic[], groups: Set<string>): void {
  topics.push(...topicsOf(row));
  if (isHeld(row.state)) topics.push(`lease:${row.id}`);
  const isQueued = change.kind === "requeue" || change.kind === "unhold";
  if (isQueued) topics.push("queue");
  const hadPlace = row.state === "queued" || isHeld(row.state);
  if (hadPlace && !isQueued && row.concurrency_group !== null) groups.add(row.concurrency_group);
}

function endsOf(decided: readonly Decided[]): Map<string, TerminalState> {
  const ends = new Map<string, TerminalState>();
  for (const { row, change } of decided) if (change.kind === "end") ends.set(row.id, change.state);
  return ends;
}
