import type { CancelVettingRunRequest } from "@groundcrew/proto";
import { conflict, invalidField } from "@groundcrew/rpc";
import { withAct } from "@groundcrew/vetting";
import { storeDirective } from "../agents/directives.ts";
import type { ServerContext } from "../context.ts";
import { requireId } from "../validate.ts";
import { cancelWorkflow } from "../workflows/cancel.ts";
import { hasEnded, isHeld } from "../workflows/rules.ts";
import { newestTry } from "./advance.ts";
import { lockRun } from "./lock-run.ts";
import { databaseNow, writeVettingRun } from "./run-row.ts";

/** Ends a run, or stops its stage. Returns the run's id. Throws NOT_FOUND and INVALID_ARGUMENT. */
export async function cancelVetting(
  context: ServerContext,
  actor: string,
  request: CancelVettingRunRequest,
): Promise<string> {
  const id = requireId("id", request.id);
  if (request.stage !== "") {
    if (request.powerOff) throw invalidField("power_off", true, "false with a stage: the run goes on");
    await cancelStage(context, actor, id, request.stage);
    return id;
  }
  if (request.powerOff) await wantPowerOff(context, id);
  await cancelWorkflow(context, id, actor);
  return id;
}

/** Notes that the machine is to be switched off, which its agent is told when the run has ended. */
async function wantPowerOff({ db, hints }: ServerContext, id: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { row } = await lockRun(tx, id);
    if (!hasEnded(row.state)) await writeVettingRun(tx, id, { power_off: true });
  });
  hints.publish(`workflow:${id}`);
}

/**
 * Stops the stage that runs now, and no other: the directive names its step run, and so does the run's row, for the case
 * that its agent never hears of it. Idempotent.
 */
async function cancelStage(context: ServerContext, actor: string, id: string, stage: string): Promise<void> {
  await context.db.transaction().execute(async (tx) => {
    const { row, vetting } = await lockRun(tx, id);
    const { run, canceling } = vetting;
    const named = run.profile.stages.find(({ name }) => name === stage)?.name;
    if (named === undefined || run.at !== named || vetting.open_since === null || hasEnded(row.state)) {
      throw conflict(`vetting run ${id} is at ${run.at}: stage ${JSON.stringify(stage)} does not run`);
    }
    if (canceling) return;
    const started = Math.max(1, await newestTry(tx, row, stage));
    const canceled = { epoch: row.epoch, stage, try: started, by: actor };
    const act = { kind: "cancel_stage", stage: named, by: actor, at: (await databaseNow(tx)).toISOString() } as const;
    await writeVettingRun(tx, id, { run: withAct(run, act), canceling: canceled });
    if (isHeld(row.state) && row.agent_id !== null) {
      await storeDirective(tx, row.agent_id, { kind: "cancel_stage", workflowId: id, ...canceled }, actor);
    }
  });
  context.hints.publish(`workflow:${id}`);
}
