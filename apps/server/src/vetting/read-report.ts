import { ReportFormat } from "@groundcrew/proto";
import { conflict } from "@groundcrew/rpc";
import { readBlob } from "../blobs/read-blob.ts";
import type { ServerContext } from "../context.ts";
import { hasEnded } from "../workflows/rules.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { findVettingRun } from "./read.ts";
import { fileOf } from "./report-files.ts";
import type { VettingRunRow } from "./run-row.ts";

/**
 * A vetting run's report in a format, by parts of at most 1 MiB. Throws NOT_FOUND, and FAILED_PRECONDITION while there is
 * none.
 */
export async function* readReport(
  context: ServerContext,
  id: string,
  format: ReportFormat = ReportFormat.HTML,
): AsyncGenerator<Uint8Array> {
  const name = fileOf(format);
  const vetting = await findVettingRun(context.db, id);
  if (vetting.report_blob_id === null) throw await noReport(context, vetting);
  const file = await context.db
    .selectFrom("blobs")
    .select("sha256")
    .where("workflow_id", "=", id)
    .where("step_run_id", "is", null)
    .where("name", "=", name)
    .executeTakeFirst();
  if (!file) throw conflict(`vetting run ${id} has no ${name}: ${whyNone(name)}`);
  yield* readBlob(context, file.sha256);
}

function whyNone(name: string): string {
  if (name === "inventory.json") return "its machine told no inventory";
  return "its report was made by an earlier version of the server, or has been removed";
}

async function noReport({ db }: ServerContext, { workflow_id: id, run }: VettingRunRow) {
  const workflow = await db.selectFrom("workflows").select("state").where("id", "=", id).executeTakeFirstOrThrow();
  return conflict(`vetting run ${id} has no report: ${whyNot(workflow, run.at)}`);
}

function whyNot({ state }: Pick<WorkflowRow, "state">, at: string): string {
  if (hasEnded(state)) return `it ended as ${state} at stage ${at}, and only a run that was judged to its end gets one`;
  return `it is ${state}, at stage ${at}; the report is made after the last stage`;
}
