import { create, toBinary } from "@bufbuild/protobuf";
import type { EnqueueLogRequest } from "@groundcrew/proto";
import { EnqueueLogRequestSchema } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import { promisify } from "node:util";
import { zstdCompress } from "node:zlib";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext, Tx } from "../context.ts";
import { checkedTime, requireRange } from "../validate.ts";
import { checkedStepRun, lockStepRun, requireLease, type StepRunRow } from "../workflows/step-run.ts";

const compress = promisify(zstdCompress);

/** The contract's bound on one batch, in bytes of text. */
const BATCH_MAX_BYTES = 4 * 1024 * 1024;

/** Line numbers are 32 bits on the wire. */
const LINES_MAX = 2 ** 32 - 1;

/**
 * Stores lines of a step run, each once and in order: those stored before are trimmed, and nothing is stored when
 * lines in between are missing. Answers the next line wanted.
 */
export async function appendLog(context: ServerContext, caller: Caller, request: EnqueueLogRequest): Promise<number> {
  const name = checkedStepRun(request.stepRun);
  const batch = checkedBatch(request);
  const nextLine = await context.db.transaction().execute(async (tx) => {
    await requireLease(tx, caller, name);
    return append(tx, await lockStepRun(tx, name), batch);
  });
  context.hints.publish(`log:${name.workflowId}`);
  return nextLine;
}

/** Stores a visible gap: the lines from `from` to the end were lost on the agent. */
export async function declareLost(tx: Tx, stepRunId: string, from: number, lineCount: number): Promise<void> {
  await insertChunk(tx, stepRunId, {
    firstLine: lineCount,
    lostBefore: lineCount - from,
    entries: [],
    baseTime: undefined,
  });
}

type Batch = Pick<EnqueueLogRequest, "firstLine" | "lostBefore" | "entries" | "baseTime">;

function checkedBatch({ firstLine, lostBefore, entries, baseTime }: EnqueueLogRequest): Batch {
  requireRange("lost_before", lostBefore, 0, firstLine);
  requireRange("first_line", firstLine, 0, LINES_MAX - entries.length);
  const bytes = entries.reduce((sum, { text }) => sum + text.length, 0);
  if (bytes > BATCH_MAX_BYTES) throw invalidField("entries", `${bytes} bytes`, `at most ${BATCH_MAX_BYTES} bytes`);
  if (entries.length === 0 && lostBefore > 0)
    throw invalidField("entries", "absent", "a line after the lost ones; a lost end is declared by Done");
  checkedTime("base_time", baseTime);
  if (entries.length > 0 && !baseTime) throw invalidField("base_time", "absent", "the time of the batch");
  return { firstLine, lostBefore, entries, baseTime };
}

async function append(tx: Tx, stepRun: StepRunRow, batch: Batch): Promise<number> {
  const wanted = Number(stepRun.next_line);
  const { firstLine, lostBefore, entries } = batch;
  const reaches = firstLine - lostBefore <= wanted;
  const end = firstLine + entries.length;
  if (!reaches || end <= wanted) return wanted;
  const from = Math.max(firstLine, wanted);
  await insertChunk(tx, stepRun.id, {
    firstLine: from,
    lostBefore: Math.max(0, firstLine - wanted),
    entries: entries.slice(from - firstLine),
    baseTime: batch.baseTime,
  });
  return end;
}

async function insertChunk(tx: Tx, stepRunId: string, batch: Batch): Promise<void> {
  const { firstLine, lostBefore, entries, baseTime } = batch;
  const stored = create(EnqueueLogRequestSchema, { firstLine, lostBefore, entries, ...(baseTime && { baseTime }) });
  const { numInsertedOrUpdatedRows: inserted } = await tx
    .insertInto("log_chunks")
    .values({
      step_run_id: stepRunId,
      first_line: String(firstLine),
      line_count: entries.length,
      lost_before: lostBefore,
      data: await compress(toBinary(EnqueueLogRequestSchema, stored)),
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  // Only the gap that Done declared at the end of a log has a line number without a line.
  if (!inserted) throw invalidField("first_line", firstLine, "no line: Done declared the rest of this log lost");
  await tx
    .updateTable("step_runs")
    .set({ next_line: firstLine + entries.length })
    .where("id", "=", stepRunId)
    .execute();
}
