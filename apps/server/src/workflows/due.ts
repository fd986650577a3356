import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { readReady } from "./children.ts";
import { hasEnded, isHeld, type Change } from "./rules.ts";
import { admitReady, applyChanges, fillGroups } from "./transitions.ts";
import { lockWorkflows } from "./workflow-row.ts";

/** How many one transaction takes at most: enough to keep up, few enough to keep nobody waiting. */
const BATCH = 500;

const QUEUE_TIMEOUT: Change = {
  kind: "end",
  state: "timed_out",
  reason: "queue_timeout",
  error: "no agent took it within its queue timeout",
};

/** Lets workflows go on whose moment has come. Returns how many those were, at most a batch. */
export function admitDelayed(context: ServerContext): Promise<number> {
  return inTransaction(context, async (tx) => {
    const { rows } = await sql<{ id: string }>`
      select id from workflows where state = 'blocked' and block_reason = 'delay' and not_before <= now()
      order by not_before limit ${BATCH} for update skip locked`.execute(tx);
    const ids = rows.map(({ id }) => id);
    return { count: ids.length, topics: await admitReady(tx, context, await readReady(tx, ids)) };
  });
}

/**
 * Ends queued workflows that have waited longer than their queue timeout. Time in which no server was there to give them
 * to an agent does not count against them. Returns how many those were, at most a batch.
 */
export function endQueueTimeouts(context: ServerContext): Promise<number> {
  const { leaseTtlMs } = context.intervals;
  return inTransaction(context, async (tx) => {
    const { rows } = await sql<{ id: string }>`
      select w.id from workflows w, liveness
      where w.state = 'queued' and w.queue_deadline <= now()
        and now() > liveness.up_since + ${leaseTtlMs} * interval '1 millisecond'
      order by w.queue_deadline limit ${BATCH}`.execute(tx);
    const locked = await lockWorkflows(
      tx,
      rows.map(({ id }) => id),
    );
    // One that an agent was given meanwhile has made it.
    const late = locked.filter(({ state }) => !isHeld(state) && !hasEnded(state));
    const decided = late.map((row) => ({ row, change: QUEUE_TIMEOUT, actor: "server" }));
    return { count: decided.length, topics: await applyChanges(tx, context, decided) };
  });
}

/**
 * Fills free places of groups that nobody filled, because those who freed or wanted them were locked just then. Returns
 * 0: one look is enough.
 */
export function admitToGroups(context: ServerContext): Promise<number> {
  return inTransaction(context, async (tx) => {
    const { rows } = await sql<{ concurrency_group: string }>`
      select w.concurrency_group from workflows w
      where w.concurrency_group is not null and w.state = 'blocked' and w.block_reason = 'limit'
      group by w.concurrency_group
      having max(w.concurrency_limit) > (
        select count(*) from workflows taken
        where taken.concurrency_group = w.concurrency_group and taken.state in ('queued', 'leased', 'running')
      )
      limit ${BATCH}`.execute(tx);
    const groups = rows.map(({ concurrency_group }) => concurrency_group);
    return { count: 0, topics: await fillGroups(tx, context, groups) };
  });
}

async function inTransaction(
  { db, hints }: ServerContext,
  work: (tx: Tx) => Promise<{ count: number; topics: Topic[] }>,
): Promise<number> {
  const { count, topics } = await db.transaction().execute(work);
  hints.publish(...topics);
  return count;
}
