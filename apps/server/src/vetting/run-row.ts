import { sql, type Selectable, type Updateable } from "kysely";
import type { Db, Tx } from "../context.ts";
import { json } from "../db/json.ts";
import type { Database, StageTimes } from "../db/schema.ts";

/** A vetting run's row. Whoever changes it holds the lock on its workflow's row. */
export type VettingRunRow = Selectable<Database["vetting_runs"]>;

/** The vetting run of a workflow that has one. */
export function readVettingRun(db: Db, workflowId: string): Promise<VettingRunRow> {
  return db.selectFrom("vetting_runs").selectAll().where("workflow_id", "=", workflowId).executeTakeFirstOrThrow();
}

type Columns = Updateable<Database["vetting_runs"]>;
type JsonColumn = "run" | "stage_times" | "override" | "interruption" | "canceling";

const JSON_COLUMNS: ReadonlySet<string> = new Set<JsonColumn>([
  "run",
  "stage_times",
  "override",
  "interruption",
  "canceling",
]);

/** What changes of a run. */
export type RunChanges = Omit<Columns, JsonColumn> & { stage_times?: StageTimes } & Partial<
    Pick<VettingRunRow, Exclude<JsonColumn, "stage_times">>
  >;

/** Stores what has changed of a run. */
export async function writeVettingRun(tx: Tx, workflowId: string, changes: RunChanges): Promise<void> {
  const stored = Object.entries(changes).map(([name, value]) => {
    const isJson = typeof value === "object" && value !== null && JSON_COLUMNS.has(name);
    return [name, isJson ? json(value) : value];
  });
  await tx
    .updateTable("vetting_runs")
    .set(Object.fromEntries(stored) as Columns)
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
