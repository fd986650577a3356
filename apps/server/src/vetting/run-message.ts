import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  BlockReason,
  Verdict,
  VettingRunSchema,
  type Machine,
  type VettingRun,
  type Workflow,
} from "@groundcrew/proto";
import { overallVerdict } from "@groundcrew/vetting";
import { timestampOf, verdictOf, workflowStateName } from "../names.ts";
import { hasEnded } from "../workflows/rules.ts";
import type { VettingRunRow } from "./run-row.ts";

type Init = MessageInitShape<typeof VettingRunSchema>;

/** What a run's message is made from. */
interface RunParts {
  vetting: VettingRunRow;
  workflow: Workflow;
  machine: Machine;
}

/** A vetting run as lists have it: without its stages and what it does not cover. */
export function runMessage({ vetting, workflow, machine }: RunParts, more: Init = {}): VettingRun {
  return create(VettingRunSchema, {
    id: vetting.workflow_id,
    workflow,
    machine,
    profile: vetting.profile_name,
    ...standing(vetting, workflow),
    reportReady: vetting.report_blob_id !== null,
    ...holdOf(vetting, workflow),
    powerOff: vetting.power_off || vetting.run.profile.powerOff === true,
    cancelingStage: vetting.canceling?.stage ?? "",
    batchId: vetting.batch_id ?? "0",
    spec: vetting.spec_name,
    ...more,
  });
}

function holdOf({ run, held_since, held_until }: VettingRunRow, workflow: Workflow) {
  const isHeld = run.at === "holding" && workflow.blockReason === BlockReason.HOLDING;
  return {
    heldSince: timestampOf(isHeld ? held_since : null),
    heldUntil: timestampOf(isHeld ? held_until : null),
    holdReason: isHeld && run.held ? `${run.held.stage}: ${run.held.reason}` : "",
    holdKey: isHeld && run.profile.hold?.sshKey === true,
  };
}

/** Where a run stands: at a stage, at its end, or ended by its workflow before it came to its end. */
function standing({ run }: VettingRunRow, workflow: Workflow): Pick<Init, "stage" | "verdict"> {
  if (run.at === "passed" || run.at === "failed") return { stage: run.at, verdict: verdictOf(overallVerdict(run)) };
  const state = workflowStateName(workflow.state);
  if (!state || !hasEnded(state)) return { stage: run.at };
  return {
    stage: state === "canceled" ? "canceled" : "aborted",
    verdict: cutShort(state) ?? verdictOf(overallVerdict(run)),
  };
}

function cutShort(state: string): Verdict | undefined {
  if (state === "canceled") return Verdict.CANCELED;
  return state === "timed_out" ? Verdict.TIMED_OUT : undefined;
}
