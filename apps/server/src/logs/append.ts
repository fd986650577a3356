import { create, toBinary } from "@bufbuild/protobuf";
import type { EnqueueLogRequest } from "@groundcrew/proto";
import { EnqueueLogRequestSchema } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import { promisify } from "node:util";
import { zstdCompress } from "node:zlib";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext, Tx } from "../context.ts";
import { Coalescer, type Outcome } from "../db/coalesce.ts";
import type { Topic } from "../db/hints.ts";
import { checkedTime, requireRange } from "../validate.ts";
import { staleEpoch } from "../workflows/stale.ts";
import {
  checkedStepRun,
  keyOf,
  LATE_HOURS,
  lockStepRun,
  lockStepRuns,
  type StepRunName,
  type StepRunRow,
} from "../workflows/step-run.ts";

const compress = promisify(zstdCompress);

/** The contract's bound on one batch, in bytes of text. */
const BATCH_MAX_BYTES = 4 * 1024 * 1024;

/** Line numbers are 32 bits on the wire. */
const LINES_MAX = 2 ** 32 - 1;

/** One statement takes at most this many bytes of text. */
const STATEMENT_BYTES = 16 * 1024 * 1024;

/** Stores log lines. */
export class LogAppender {
  readonly #appends: Coalescer<Question, number>;

  constructor(context: ServerContext) {
    this.#appends = new Coalescer({
      run: (batch) => store(context, batch),
      weigh: ({ bytes }) => bytes,
      maxWeight: STATEMENT_BYTES,
    });
  }

  /**
   * Stores lines of a step run, each once and in order: those stored before are trimmed, and nothing is stored when
   * lines in between are missing. Answers the next line wanted.
   */
  async append(caller: Caller, request: EnqueueLogRequest): Promise<number> {
    const lines = checkedBatch(request);
    return this.#appends.ask({ caller, name: checkedStepRun(request.stepRun), lines, bytes: sizeOf(lines) });
  }
}

interface Question {
  caller: Caller;
  name: StepRunName;
  lines: Batch;
  bytes: number;
}

async function store({ db, hints }: ServerContext, batch: readonly Question[]): Promise<Outcome<number>[]> {
  const outcomes = await db.transaction().execute(async (tx) => {
    const names = batch.map(({ name }) => name);
    const owned = await leasesHeld(tx, batch);
    const known = await lockStepRuns(tx, names);
    const logs = new Map<string, OpenLog>();
    const outcomes: Outcome<number>[] = [];
    for (const question of batch) {
      const key = keyOf(question.name);
      if (!owned.has(leaseKey(question))) {
        outcomes.push({ error: staleEpoch(question.name, undefined) });
        continue;
      }
      const log = logs.get(key) ?? openLog(known.get(key) ?? (await lockStepRun(tx, question.name)));
      logs.set(key, log);
      outcomes.push({ value: take(log, question.lines) });
    }
    await writeLogs(tx, [...logs.values()]);
    return outcomes;
  });
  hints.publish(...batch.map(({ name }): Topic => `log:${name.workflowId}`));
  return outcomes;
}

/** The leases that their callers hold, or held within the last 24 hours: late lines are still taken. */
async function leasesHeld(tx: Tx, batch: readonly Question[]): Promise<Set<string>> {
  const { rows } = await sql<{ epoch: string; workflow_id: string; agent_id: string }>`
    select epoch, workflow_id, agent_id from leases
    where epoch = any (${batch.map(({ name }) => name.epoch)}::bigint[])
      and (ended_at is null or ended_at > now() - ${LATE_HOURS} * interval '1 hour')`.execute(tx);
  return new Set(rows.map(({ epoch, workflow_id, agent_id }) => `${epoch}/${workflow_id}/${agent_id}`));
}

function leaseKey({ name, caller }: Question): string {
  return `${name.epoch}/${name.workflowId}/${caller.agentId}`;
}

/** A step run's log while its row is locked. */
interface OpenLog {
  stepRunId: string;
  nextLine: number;
  chunks: Batch[];
}

function openLog({ id, next_line }: StepRunRow): OpenLog {
  return { stepRunId: id, nextLine: Number(next_line), chunks: [] };
}

/** Takes what follows the lines there are, and nothing else. Returns the next line wanted. */
function take(log: OpenLog, { firstLine, lostBefore, entries, baseTime }: Batch): number {
  const wanted = log.nextLine;
  const end = firstLine + entries.length;
  if (firstLine - lostBefore > wanted || end <= wanted) return wanted;
  const from = Math.max(firstLine, wanted);
  const lost = Math.max(0, firstLine - wanted);
  log.chunks.push({ firstLine: from, lostBefore: lost, entries: entries.slice(from - firstLine), baseTime });
  log.nextLine = end;
  return end;
}

async function writeLogs(tx: Tx, logs: readonly OpenLog[]): Promise<void> {
  const written = logs.filter(({ chunks }) => chunks.length > 0);
  await insertChunks(tx, written);
  const [ids, next] = [written.map(({ stepRunId }) => stepRunId), written.map(({ nextLine }) => nextLine)];
  if (ids.length === 0) return;
  await sql`
    update step_runs s set next_line = g.next_line
    from unnest(${ids}::bigint[], ${next}::bigint[]) as g (id, next_line) where s.id = g.id`.execute(tx);
}

/** Stores a visible gap: the lines from `from` to the end were lost on the agent. */
export async function declareLost(tx: Tx, stepRunId: string, from: number, lineCount: number): Promise<void> {
  const gap = { firstLine: lineCount, lostBefore: lineCount - from, entries: [], baseTime: undefined };
  await writeLogs(tx, [{ stepRunId, nextLine: lineCount, chunks: [gap] }]);
}

type Batch = Pick<EnqueueLogRequest, "firstLine" | "lostBefore" | "entries" | "baseTime">;

function checkedBatch({ firstLine, lostBefore, entries, baseTime }: EnqueueLogRequest): Batch {
  requireRange("lost_before", lostBefore, 0, firstLine);
  requireRange("first_line", firstLine, 0, LINES_MAX - entries.length);
  const bytes = sizeOf({ firstLine, lostBefore, entries, baseTime });
  if (bytes > BATCH_MAX_BYTES) throw invalidField("entries", `${bytes} bytes`, `at most ${BATCH_MAX_BYTES} bytes`);
  if (entries.length === 0 && lostBefore > 0)
    throw invalidField("entries", "absent", "a line after the lost ones; a lost end is declared by Done");
  checkedTime("base_time", baseTime);
  if (entries.length > 0 && !baseTime) throw invalidField("base_time", "absent", "the time of the batch");
  return { firstLine, lostBefore, entries, baseTime };
}

function sizeOf({ entries }: Batch): number {
  return entries.reduce((sum, { text }) => sum + text.length, 0);
}

async function insertChunks(tx: Tx, logs: readonly OpenLog[]): Promise<void> {
  const rows = logs.flatMap(({ stepRunId, chunks }) => chunks.map((chunk) => rowOf(stepRunId, chunk)));
  if (rows.length === 0) return;
  const inserted = await tx
    .insertInto("log_chunks")
    .values(await Promise.all(rows))
    .onConflict((conflict) => conflict.doNothing())
    .returning("first_line")
    .execute();
  // Only the gap that Done declared at the end of a log has a line number without a line.
  if (inserted.length < rows.length) {
    const first = logs[0]?.chunks[0]?.firstLine;
    throw invalidField("first_line", first, "no line: Done declared the rest of this log lost");
  }
}

async function rowOf(stepRunId: string, { firstLine, lostBefore, entries, baseTime }: Batch) {
  const stored = create(EnqueueLogRequestSchema, { firstLine, lostBefore, entries, ...(baseTime && { baseTime }) });
  return {
    step_run_id: stepRunId,
    first_line: String(firstLine),
    line_count: entries.length,
    lost_before: lostBefore,
    data: await compress(toBinary(EnqueueLogRequestSchema, stored)),
  };
}
