import type { EnqueueLogRequest } from "@groundcrew/proto";
import { countLines, countTextBytes, isSound, skipLines, type LogLines } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { sql } from "kysely";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext, Tx } from "../context.ts";
import { Coalescer, type Outcome } from "../db/coalesce.ts";
import type { Topic } from "../db/hints.ts";
import { checkedTime, requireRange } from "../validate.ts";
import { staleEpoch } from "../workflows/stale.ts";
import { addToChecksum } from "./checksum.ts";
import {
  checkedStepRun,
  keyOf,
  LATE_HOURS,
  lockStepRun,
  lockStepRuns,
  type StepRunName,
  type StepRunRow,
} from "../workflows/step-run.ts";
import { packBatch, type Batch } from "./batch.ts";

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
    const name = checkedStepRun(request.stepRun);
    // Packed before its turn: while this one is compressed, the one before it is written.
    return this.#appends.ask({ caller, name, lines, bytes: countTextBytes(lines), data: await packBatch(lines) });
  }
}

interface Question {
  caller: Caller;
  name: StepRunName;
  lines: Batch;
  bytes: number;
  /** The lines, packed. */
  data: Uint8Array;
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
      outcomes.push({ value: take(log, question) });
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
  stepRun: Pick<StepRunRow, "id" | "log_day">;
  nextLine: number;
  checksum: number;
  chunks: NewChunk[];
}

/** Lines to store. */
interface NewChunk {
  firstLine: number;
  lineCount: number;
  lostBefore: number;
  data: Uint8Array | Promise<Uint8Array>;
}

function openLog(stepRun: StepRunRow): OpenLog {
  return { stepRun, nextLine: Number(stepRun.next_line), checksum: Number(stepRun.log_crc32), chunks: [] };
}

/** Takes what follows the lines there are, and nothing else. Returns the next line wanted. */
function take(log: OpenLog, { lines: batch, data }: Question): number {
  const { firstLine, lostBefore, baseTime } = batch;
  const wanted = log.nextLine;
  const end = firstLine + countLines(batch);
  if (firstLine - lostBefore > wanted || end <= wanted) return wanted;
  const from = Math.max(firstLine, wanted);
  const lost = Math.max(0, firstLine - wanted);
  const lines = skipLines(batch, from - firstLine);
  log.chunks.push({
    firstLine: from,
    lineCount: end - from,
    lostBefore: lost,
    data: from === firstLine ? data : packBatch({ firstLine: from, lostBefore: lost, baseTime, ...lines }),
  });
  log.checksum = addToChecksum(log.checksum, lines);
  log.nextLine = end;
  return end;
}

async function writeLogs(tx: Tx, logs: readonly OpenLog[]): Promise<void> {
  const written = logs.filter(({ chunks }) => chunks.length > 0);
  await insertChunks(tx, written);
  if (written.length === 0) return;
  await sql`
    update step_runs s set next_line = g.next_line, log_crc32 = g.log_crc32
    from unnest(
      ${written.map(({ stepRun }) => stepRun.id)}::bigint[], ${written.map(({ nextLine }) => nextLine)}::bigint[],
      ${written.map(({ checksum }) => checksum)}::bigint[]
    ) as g (id, next_line, log_crc32) where s.id = g.id`.execute(tx);
}

/** Stores a visible gap: the lines that a step run does not have yet, up to `lineCount`, were lost on the agent. */
export async function declareLost(tx: Tx, stepRun: StepRunRow, lineCount: number): Promise<void> {
  const log = openLog(stepRun);
  const gap = { firstLine: lineCount, lostBefore: lineCount - log.nextLine };
  const data = packBatch({ ...gap, entries: [], blocks: [] });
  await writeLogs(tx, [{ ...log, nextLine: lineCount, chunks: [{ ...gap, lineCount: 0, data }] }]);
}

function checkedBatch({ firstLine, lostBefore, entries, blocks, baseTime }: EnqueueLogRequest): Batch {
  const lineCount = checkedLineCount({ entries, blocks });
  requireRange("lost_before", lostBefore, 0, firstLine);
  requireRange("first_line", firstLine, 0, LINES_MAX - lineCount);
  if (lineCount === 0 && lostBefore > 0)
    throw invalidField("entries", "absent", "a line after the lost ones; a lost end is declared by Done");
  checkedTime("base_time", baseTime);
  if (lineCount > 0 && !baseTime) throw invalidField("base_time", "absent", "the time of the batch");
  return { firstLine, lostBefore, entries, blocks, baseTime };
}

function checkedLineCount(lines: LogLines): number {
  const bytes = countTextBytes(lines);
  if (bytes > BATCH_MAX_BYTES) throw invalidField("entries", `${bytes} bytes`, `at most ${BATCH_MAX_BYTES} bytes`);
  if (lines.entries.length > 0 && lines.blocks.length > 0)
    throw invalidField("blocks", `${lines.blocks.length} beside entries`, "either blocks or entries");
  const broken = lines.blocks.find((block) => !isSound(block));
  if (broken)
    throw invalidField("blocks", `${broken.text.length} bytes`, `${broken.lineCount} lines, each with a newline`);
  return countLines(lines);
}

async function insertChunks(tx: Tx, logs: readonly OpenLog[]): Promise<void> {
  const rows = logs.flatMap(({ stepRun, chunks }) => chunks.map((chunk) => rowOf(stepRun, chunk)));
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

async function rowOf({ id, log_day }: OpenLog["stepRun"], { firstLine, lineCount, lostBefore, data }: NewChunk) {
  return {
    step_run_id: id,
    first_line: String(firstLine),
    line_count: lineCount,
    lost_before: lostBefore,
    data: await data,
    log_day,
  };
}
