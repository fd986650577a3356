import type { RunState } from "@groundcrew/vetting";
import { sql, type Selectable } from "kysely";
import type { Db, Tx } from "../context.ts";
import { json } from "../db/json.ts";
import type { Database, StageTimes } from "../db/schema.ts";

/** A vetting run's row. Whoever changes it holds the lock on its workflow's row. */
export type VettingRunRow = Selectable<Database["vetting_runs"]>;

/** The vetting run of a workflow that has one. */
export function readVettingRun(db: Db, workflowId: string): Promise<VettingRunRow> {
  return db.selectFrom("vetting_runs").selectAll().where("workflow_id", "=", workflowId).executeTakeFirstOrThrow();
}

/** Stores where a run stands. */
export async function writeVettingRun(
  tx: Tx,
  workflowId: string,
  { run, stageTimes, reportBlobId }: { run: RunState; stageTimes: StageTimes; reportBlobId?: string },
): Promise<void> {
  await tx
    .updateTable("vetting_runs")
    .set({
      run: json(run),
      stage_times: json(stageTimes),
      ...(reportBlobId !== undefined && { report_blob_id: reportBlobId }),
    })
    .where("workflow_id", "=", workflowId)
    .execute();
}

/** The database's clock, in this transaction. */
export async function databaseNow(tx: Tx): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select now()`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error("the database did not tell the time");
  return row.now;
}
