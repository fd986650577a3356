import { sql } from "kysely";
import type { ServerContext, Tx } from "../../context.ts";
import type { Topic } from "../../db/hints.ts";
import { admitBlocked } from "../../workflows/groups.ts";
import { admissible, type Member } from "./admissible.ts";

/** How many batches one look takes. */
const BATCHES = 100;

/**
 * Lets as many runs of a batch into the queue as its limits allow now. One transaction at a time per batch, so that they
 * hold whatever replica looks. Returns the topics to publish after the commit.
 */
export async function admitBatch(tx: Tx, { replica }: Pick<ServerContext, "replica">, id: string): Promise<Topic[]> {
  await sql`select pg_advisory_xact_lock(hashtextextended('vetting batch ' || ${id}, 0))`.execute(tx);
  const { rows } = await sql<{
    per_rack: number | null;
    max_watts: number | null;
    stagger_ms: number;
    since: number | null;
  }>`
    select per_rack, max_watts, stagger_ms,
      (extract(epoch from clock_timestamp() - admitted_at) * 1000)::float8 as since
    from vetting_batches where id = ${id}`.execute(tx);
  const [batch] = rows;
  if (!batch) return [];
  const limits = { perRack: batch.per_rack, maxWatts: batch.max_watts, staggerMs: batch.stagger_ms };
  const ids = admissible(await readMembers(tx, id), limits, batch.since ?? undefined);
  if (ids.length === 0) return [];
  await sql`update vetting_batches set admitted_at = clock_timestamp() where id = ${id}`.execute(tx);
  await admitBlocked(tx, replica, ids);
  return ["queue", ...ids.map((each): Topic => `workflow:${each}`)];
}

/** Looks at every batch with runs that wait for a place. Returns 0: one look is enough. */
export async function admitBatches(context: ServerContext): Promise<number> {
  const { rows } = await sql<{ batch_id: string }>`
    select distinct v.batch_id from workflows w join vetting_runs v on v.workflow_id = w.id
    where w.kind = 'vetting' and w.state = 'blocked' and w.block_reason = 'limit' and v.batch_id is not null
    limit ${BATCHES}`.execute(context.db);
  for (const { batch_id } of rows) {
    const topics = await context.db.transaction().execute((tx) => admitBatch(tx, context, batch_id));
    context.hints.publish(...topics);
  }
  return 0;
}

/** Those that wait for a place or have one. One that is held frees its place. */
async function readMembers(tx: Tx, id: string): Promise<Member[]> {
  const { rows } = await sql<Member>`
    select w.id, v.rack, v.watts, w.state <> 'blocked' as placed
    from vetting_runs v join workflows w on w.id = v.workflow_id
    where v.batch_id = ${id} and (w.state in ('queued', 'leased', 'running')
      or (w.state = 'blocked' and w.block_reason = 'limit'))
    order by w.id`.execute(tx);
  return rows;
}
