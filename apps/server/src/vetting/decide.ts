import type { RejectVettingRunRequest, RetryVettingStageRequest, WaiveVettingRunRequest } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import type { StageOverrides } from "@groundcrew/vetting";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import { requireId, requireText } from "../validate.ts";
import { applyChanges } from "../workflows/transitions.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { finishRun } from "./advance.ts";
import { admitBatch } from "./batches/admit.ts";
import { endOf } from "./final-state.ts";
import { leaveHold } from "./hold.ts";
import { lockRun, operated } from "./lock-run.ts";
import { powerOffAfter } from "./power-off.ts";
import { databaseNow, writeVettingRun, type VettingRunRow } from "./run-row.ts";

const REASON_MAX = 1_000;
const SERIALS_MAX = 1_024;

/** The only stage that destroys what a disk holds. */
const DESTROYS = "storage";

/**
 * Queues a held run again, pinned to its machine, at a stage that shall run once more. Throws INVALID_ARGUMENT for
 * serials that were not typed twice, and FAILED_PRECONDITION unless the run is held.
 */
export async function retryStage(
  context: ServerContext,
  actor: string,
  request: RetryVettingStageRequest,
): Promise<string> {
  const id = requireId("id", request.id);
  const overrides = overridesOf(request);
  await onRun(context, id, async (tx) => {
    const { row, vetting } = await lockRun(tx, id);
    const stage = stageNamed(vetting, request.stage);
    const at = (await databaseNow(tx)).toISOString();
    const run = operated(row, vetting, { kind: "retry", stage, ...overrides, by: actor, at });
    const { [stage]: _, ...stage_times } = vetting.stage_times;
    await writeVettingRun(tx, id, { run, stage_times });
    await leaveHold(tx, id);
    if (vetting.batch_id !== null) return queueInBatch(tx, context, id, vetting.batch_id);
    return applyChanges(tx, context, [{ row, change: { kind: "unhold" }, actor }]);
  });
  return id;
}

/** A run of a batch that was held had freed its place: it waits for one like those that have not begun. */
async function queueInBatch(tx: Tx, context: ServerContext, id: string, batchId: string): Promise<Topic[]> {
  await tx.updateTable("workflows").set({ block_reason: "limit", losses: 0 }).where("id", "=", id).execute();
  return admitBatch(tx, context, batchId);
}

/** Ends a held run as passed, marked as waived. Throws INVALID_ARGUMENT without a reason. */
export async function waiveRun(
  context: ServerContext,
  actor: string,
  request: WaiveVettingRunRequest,
): Promise<string> {
  const rule = { min: 1, max: REASON_MAX, expected: `1 to ${REASON_MAX} characters: why it may pass` };
  const reason = requireText("reason", request.reason.trim(), rule);
  return decideRun(context, actor, request.id, { kind: "waive", reason });
}

/** Ends a held run as failed. */
export async function rejectRun(
  context: ServerContext,
  actor: string,
  request: RejectVettingRunRequest,
): Promise<string> {
  const rule = { max: REASON_MAX, expected: `at most ${REASON_MAX} characters` };
  const reason = requireText("reason", request.reason.trim(), rule);
  return decideRun(context, actor, request.id, { kind: "reject", reason });
}

async function decideRun(
  context: ServerContext,
  actor: string,
  given: string,
  decision: { kind: "waive" | "reject"; reason: string },
): Promise<string> {
  const id = requireId("id", given);
  await onRun(context, id, async (tx) => {
    const { row, vetting } = await lockRun(tx, id);
    const at = (await databaseNow(tx)).toISOString();
    const run = operated(row, vetting, { ...decision, by: actor, at });
    return endWithReport(tx, context, row, { ...vetting, run }, actor);
  });
  return id;
}

/** Reports and ends a run that no agent has. For a transaction that holds the workflow's row. */
export async function endWithReport(
  tx: Tx,
  context: ServerContext,
  row: WorkflowRow,
  vetting: VettingRunRow,
  actor: string,
): Promise<Topic[]> {
  const run = await finishRun(tx, context, row, vetting);
  const end = endOf(run);
  if (!end) throw new Error(`the run is at ${run.at}, which is not its end`);
  await writeVettingRun(tx, row.id, { open_since: null });
  await leaveHold(tx, row.id);
  await powerOffAfter(tx, row, { ...vetting, run });
  return applyChanges(tx, context, [{ row, change: { kind: "end", error: "", ...end }, actor }]);
}

async function onRun(context: ServerContext, id: string, work: (tx: Tx) => Promise<Topic[]>): Promise<void> {
  const topics = await context.db.transaction().execute(work);
  context.hints.publish(`workflow:${id}`, ...topics);
}

function stageNamed({ run }: VettingRunRow, name: string) {
  const stage = run.profile.stages.find((stage) => stage.name === name);
  if (stage) return stage.name;
  const names = run.profile.stages.map((stage) => stage.name).join(", ");
  throw invalidField("stage", name, `one of ${names}`);
}

/** What a person allows. Throws INVALID_ARGUMENT for a disk whose signature was confirmed and whose data was not. */
function overridesOf(request: RetryVettingStageRequest): StageOverrides {
  const destroyData = confirmedSerials(request);
  const confirmSignatures = [...new Set(request.confirmSignatures)];
  const other = confirmSignatures.find((serial) => !destroyData.includes(serial));
  if (other !== undefined) throw invalidField("confirm_signatures", other, "only serials that destroy_data names");
  return { destroyData, confirmSignatures };
}

/** The serials that a person typed twice. Throws INVALID_ARGUMENT naming the first that was not. */
function confirmedSerials({ stage, destroyData, confirm }: RetryVettingStageRequest): string[] {
  const rule = { min: 1, max: 256, expected: "a serial of 1 to 256 characters" };
  if (destroyData.length > SERIALS_MAX) {
    throw invalidField("destroy_data", `${destroyData.length} entries`, `at most ${SERIALS_MAX}`);
  }
  const serials = [...new Set(destroyData.map((serial) => requireText("destroy_data", serial, rule)))];
  if (serials.length > 0 && stage !== DESTROYS) {
    throw invalidField("destroy_data", serials[0] ?? "", `nothing: only stage ${DESTROYS} takes it, not ${stage}`);
  }
  const missing = serials.find((serial) => !confirm.includes(serial));
  if (missing !== undefined) {
    throw invalidField(
      "confirm",
      confirm.join(", "),
      `${missing}, typed once more: all data on that disk will be lost`,
    );
  }
  const extra = confirm.find((serial) => !serials.includes(serial));
  if (extra !== undefined) throw invalidField("confirm", extra, "only serials that destroy_data names");
  return serials;
}
