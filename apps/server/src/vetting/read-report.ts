import { conflict } from "@groundcrew/rpc";
import { readBlob } from "../blobs/read-blob.ts";
import type { ServerContext } from "../context.ts";
import { hasEnded } from "../workflows/rules.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { findVettingRun } from "./read.ts";
import type { VettingRunRow } from "./run-row.ts";

/** A vetting run's report, in parts of at most 1 MiB. Throws NOT_FOUND, and FAILED_PRECONDITION while there is none. */
export async function* readReport(context: ServerContext, id: string): AsyncGenerator<Uint8Array> {
  const vetting = await findVettingRun(context.db, id);
  if (vetting.report_blob_id === null) throw await noReport(context, vetting);
  const { sha256 } = await context.db
    .selectFrom("blobs")
    .select("sha256")
    .where("id", "=", vetting.report_blob_id)
    .executeTakeFirstOrThrow();
  yield* readBlob(context, sha256);
}

async function noReport({ db }: ServerContext, { workflow_id: id, run }: VettingRunRow) {
  const workflow = await db.selectFrom("workflows").select("state").where("id", "=", id).executeTakeFirstOrThrow();
  return conflict(`vetting run ${id} has no report: ${whyNot(workflow, run.at)}`);
}

function whyNot({ state }: Pick<WorkflowRow, "state">, at: string): string {
  if (hasEnded(state)) return `it ended as ${state} at stage ${at}, and only a run that was judged to its end gets one`;
  return `it is ${state}, at stage ${at}; the report is made after the last stage`;
}
