import { sql } from "kysely";
import type { Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { hasEnded, isHeld } from "./rules.ts";
import { selectRows, topicsOf, type WorkflowRow } from "./workflow-row.ts";

/** A member of a group that has not ended and waits for nothing but its place, or has one. */
type Member = WorkflowRow & { concurrency_limit: number | null; concurrency_cancels: boolean };

/** What filling a group's places came to. */
interface Filled {
  topics: Topic[];
  /** To be ended: a newer one takes their place. */
  replaced: WorkflowRow[];
}

/**
 * Fills the free places of a concurrency group, in the order of the queue, and first makes room for the newest that
 * cancels those before it. One transaction at a time per group; rows that others hold are left to the next look.
 */
export async function fillGroup(tx: Tx, replica: string, group: string): Promise<Filled> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${group}, 0))`.execute(tx);
  const members = await readMembers(tx, group);
  const older = await lockRows(tx, beforeNewest(members));
  const replaced = older.filter(({ state }) => !isHeld(state) && !hasEnded(state));
  const canceled = older.filter(({ state, cancel_requested_at }) => isHeld(state) && cancel_requested_at === null);
  await requestCancel(tx, canceled);
  const gone = new Set(older.filter(({ state }) => !isHeld(state)).map(({ id }) => id));
  const admitted = admissible(members.filter(({ id }) => !gone.has(id)));
  await admitBlocked(
    tx,
    replica,
    admitted.map(({ id }) => id),
  );
  const topics = [...canceled, ...admitted].flatMap(topicsOf);
  topics.push(...canceled.map(({ id }): Topic => `lease:${id}`));
  return { replaced, topics: admitted.length > 0 ? ["queue", ...topics] : topics };
}

function readMembers(tx: Tx, group: string): Promise<Member[]> {
  return selectRows(tx)
    .select(["concurrency_limit", "concurrency_cancels"])
    .where("concurrency_group", "=", group)
    .where(sql<boolean>`(state in ('queued', 'leased', 'running') or (state = 'blocked' and block_reason = 'limit'))`)
    .orderBy("priority", "desc")
    .orderBy("fair_key")
    .orderBy("id")
    .execute();
}

/**
 * Those of earlier pipelines than the newest that cancels: what runs is to stop, what waits is to be replaced. Members of
 * one pipeline, such as the cells of a matrix, never cancel each other.
 */
function beforeNewest(members: readonly Member[]): string[] {
  const newest = members
    .filter(({ state, concurrency_cancels }) => state === "blocked" && concurrency_cancels)
    .reduce<Member | undefined>((a, b) => (a && BigInt(a.id) > BigInt(b.id) ? a : b), undefined);
  if (!newest) return [];
  const isOlder = (member: Member) =>
    member.pipeline_id !== newest.pipeline_id && BigInt(member.id) < BigInt(newest.id);
  return members.filter(isOlder).map(({ id }) => id);
}

/** One that waited may have been leased meanwhile. */
function lockRows(tx: Tx, ids: readonly string[]): Promise<WorkflowRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return selectRows(tx).where("id", "in", ids).orderBy("id").forUpdate().execute();
}

function admissible(members: readonly Member[]): Member[] {
  const waiting = members.filter(({ state }) => state === "blocked");
  let taken = members.length - waiting.length;
  return waiting.filter(({ concurrency_limit: limit }) => {
    const fits = taken < (limit ?? Infinity);
    if (fits) taken += 1;
    return fits;
  });
}

async function requestCancel(tx: Tx, rows: readonly WorkflowRow[]): Promise<void> {
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  await sql`
    update workflows set cancel_requested_at = now(), canceled_by = 'a newer workflow of its concurrency group'
    where id = any (${ids}::bigint[]) and state in ('leased', 'running') and cancel_requested_at is null`.execute(tx);
}

/** Lets workflows into the queue that wait for a place: those that still do. */
export async function admitBlocked(tx: Tx, replica: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    with changed as (
      update workflows set state = 'queued', block_reason = null, queued_at = now(),
        queue_deadline = now() + queue_timeout_ms * interval '1 millisecond'
      where id = any (${ids}::bigint[]) and state = 'blocked' and block_reason = 'limit'
      returning id, epoch
    )
    insert into workflow_events (workflow_id, from_state, to_state, epoch, actor, replica)
    select id, 'blocked', 'queued', epoch, 'server', ${replica} from changed order by id`.execute(tx);
}
