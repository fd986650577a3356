import { create, equals, type MessageInitShape } from "@bufbuild/protobuf";
import {
  VettingBatchSchema,
  type ListVettingBatchesRequest,
  type ListVettingBatchesResponseSchema,
  type VettingBatch,
  type VettingRun,
} from "@groundcrew/proto";
import { notFound } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Db, ServerContext } from "../../context.ts";
import { inSnapshot } from "../../db/snapshot.ts";
import { watchRounds } from "../../db/watch.ts";
import { timestampOf } from "../../names.ts";
import { idPage, paged } from "../../page.ts";
import { runMessages } from "../read.ts";

/** The least time between two snapshots, in milliseconds. */
const GAP_MS = 500;

interface BatchRow {
  id: string;
  profile_name: string;
  per_rack: number | null;
  max_watts: number | null;
  stagger_ms: number;
  created_by: string;
  created_at: Date;
  counts: { total: number; waiting: number; active: number; passed: number; failed: number; watts: number };
}

/** A page of batches, newest first, without their runs. */
export async function listBatches(
  db: Db,
  request: ListVettingBatchesRequest,
): Promise<MessageInitShape<typeof ListVettingBatchesResponseSchema>> {
  const page = idPage(request.page);
  const after = page.after ?? null;
  const read = await selectBatches(db, sql`${after}::bigint is null or b.id < ${after}::bigint`, page.size + 1);
  const { rows, nextPageToken } = paged(read, page, ({ id }) => id);
  return { batches: rows.map((row) => batchMessage(row, [])), nextPageToken };
}

/** A batch with its runs. Throws NOT_FOUND. */
export async function readBatch(db: Db, id: string): Promise<VettingBatch> {
  const [row] = await selectBatches(db, sql`b.id = ${id}`, 1);
  if (!row) throw notFound("vetting batch", id);
  const runs = await db
    .selectFrom("vetting_runs")
    .selectAll()
    .where("batch_id", "=", id)
    .orderBy("workflow_id")
    .execute();
  return batchMessage(row, await runMessages(db, runs));
}

/** A batch as it is now, then again whenever it changed, until its runs have ended. Throws NOT_FOUND, and UNAVAILABLE. */
export async function* watchBatch(
  context: ServerContext,
  id: string,
  caller: AbortSignal,
): AsyncGenerator<VettingBatch> {
  let last: VettingBatch | undefined;
  const first = await readBatch(context.db, id);
  const topics = first.runs.map((run) => `workflow:${run.id}` as const);
  for await (const _ of watchRounds(context, { topics, gapMs: GAP_MS, caller })) {
    const now = await inSnapshot(context, (tx) => readBatch(tx, id));
    if (!last || !equals(VettingBatchSchema, last, now)) yield now;
    last = now;
    if (hasEnded(now)) return;
  }
}

/** Whether all its runs have. */
export function hasEnded({ counts }: VettingBatch): boolean {
  return counts?.waiting === 0 && counts.active === 0;
}

function batchMessage(row: BatchRow, runs: VettingRun[]): VettingBatch {
  const { total, waiting, active, passed, failed, watts } = row.counts;
  const other = total - waiting - active - passed - failed;
  return create(VettingBatchSchema, {
    id: row.id,
    profile: row.profile_name,
    perRack: row.per_rack ?? 0,
    maxWatts: row.max_watts ?? 0,
    staggerMs: row.stagger_ms,
    createdBy: row.created_by,
    createdAt: timestampOf(row.created_at),
    counts: { total, waiting, active, passed, failed, other, activeWatts: watts },
    runs,
  });
}

async function selectBatches(db: Db, where: ReturnType<typeof sql>, limit: number): Promise<BatchRow[]> {
  const { rows } = await sql<BatchRow>`
    select b.*, (
      select json_build_object(
        'total', count(*),
        'waiting', count(*) filter (where w.state = 'blocked'),
        'active', count(*) filter (where w.state in ('queued', 'leased', 'running')),
        'passed', count(*) filter (where w.state = 'succeeded'),
        'failed', count(*) filter (where w.state = 'failed'),
        'watts', coalesce(sum(v.watts) filter (where w.state in ('queued', 'leased', 'running')), 0))
      from vetting_runs v join workflows w on w.id = v.workflow_id where v.batch_id = b.id
    ) as counts
    from vetting_batches b where ${where} order by b.id desc limit ${limit}`.execute(db);
  return rows;
}
