import type { MessageInitShape } from "@bufbuild/protobuf";
import { EndReason, WorkflowState, type InitRequest, type NextActionSchema } from "@groundcrew/proto";
import { sql } from "kysely";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext, Tx } from "../context.ts";
import { nextOfVetting } from "../vetting/advance.ts";
import { checkedLease, lockHeld } from "./stale.ts";
import { recordEvent, topicsOf, type WorkflowRow } from "./transitions.ts";

/** The workflow started: counts the attempt and sets its deadline, once, and tells what is next. */
export async function initWorkflow(
  context: ServerContext,
  caller: Caller,
  request: InitRequest,
): Promise<MessageInitShape<typeof NextActionSchema>> {
  const name = checkedLease(request);
  const { row, next } = await context.db.transaction().execute(async (tx) => {
    const row = await lockHeld(tx, caller, name);
    if (row.state === "leased") await start(tx, row, caller, context.intervals.leaseTtlMs);
    return { row, next: await nextAction(tx, context, row) };
  });
  context.hints.publish(...topicsOf(row));
  return next;
}

async function start(tx: Tx, row: WorkflowRow, caller: Caller, leaseTtlMs: number): Promise<void> {
  await tx
    .updateTable("workflows")
    .set({
      state: "running",
      received: true,
      attempt: row.attempt + 1,
      started_at: sql<Date>`now()`,
      deadline: sql<Date>`now() + ${row.timeout_ms} * interval '1 millisecond'`,
      expires_at: sql<Date>`now() + ${leaseTtlMs} * interval '1 millisecond'`,
    })
    .where("id", "=", row.id)
    .execute();
  await recordEvent(tx, row, "running", null, caller.name);
}

/** Go on by the plan. */
export const goOn = { action: { case: "goOn", value: {} } } as const satisfies MessageInitShape<
  typeof NextActionSchema
>;

/** Stop: somebody canceled the workflow. */
const stopCanceled = {
  action: { case: "stop", value: { state: WorkflowState.CANCELED, endReason: EndReason.CANCELED } },
} as const satisfies MessageInitShape<typeof NextActionSchema>;

/** What an agent does after a report: a build goes by its plan, a vetting run by the server. */
export async function nextAction(
  tx: Tx,
  context: ServerContext,
  row: WorkflowRow,
): Promise<MessageInitShape<typeof NextActionSchema>> {
  if (row.cancel_requested_at) return stopCanceled;
  return row.kind === "vetting" ? nextOfVetting(tx, context, row) : goOn;
}
