import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NextActionSchema, UpdateRequest } from "@groundcrew/proto";
import { invalidField } from "@groundcrew/rpc";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import type { StepStateName } from "../db/schema.ts";
import { stepStateName } from "../names.ts";
import { checkedTime, requireRange, requireText } from "../validate.ts";
import { recordStageReport } from "../vetting/advance.ts";
import { goOn, nextAction } from "./init.ts";
import { lockHeld } from "./stale.ts";
import { checkedStepRun, lockStepRun } from "./step-run.ts";
import { topicsOf } from "./transitions.ts";

/** Stores a step run's state unless a newer report came first, and tells what is next. */
export async function updateStepRun(
  context: ServerContext,
  caller: Caller,
  request: UpdateRequest,
): Promise<MessageInitShape<typeof NextActionSchema>> {
  const name = checkedStepRun(request.stepRun);
  const report = checkedReport(request);
  const { row, next } = await context.db.transaction().execute(async (tx) => {
    const row = await lockHeld(tx, caller, name);
    const stepRun = await lockStepRun(tx, name);
    if (Number(stepRun.sequence) < report.sequence) {
      await tx.updateTable("step_runs").set(report).where("id", "=", stepRun.id).execute();
      if (row.kind === "vetting") await recordStageReport(tx, context, row, { ...stepRun, ...report });
    }
    const going = report.state === "pending" || report.state === "running";
    return { row, next: going && !row.cancel_requested_at ? goOn : await nextAction(tx, context, row) };
  });
  context.hints.publish(...topicsOf(row));
  return next;
}

function checkedReport(request: UpdateRequest) {
  const state = stepStateName(request.state);
  if (!state) throw invalidField("state", request.state, "a step state");
  return {
    state: state satisfies StepStateName,
    sequence: requireRange("sequence", request.sequence, 1, 1_000_000),
    exit_code: request.exitCode ?? null,
    signal: requireText("signal", request.signal, { max: 32, expected: "at most 32 characters" }),
    error: request.error.slice(0, 10_000).replaceAll("\0", ""),
    started_at: checkedTime("started_at", request.startedAt),
    finished_at: checkedTime("finished_at", request.finishedAt),
  };
}
