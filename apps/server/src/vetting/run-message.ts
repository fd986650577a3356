import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Verdict, VettingRunSchema, type Machine, type VettingRun, type Workflow } from "@groundcrew/proto";
import { overallVerdict } from "@groundcrew/vetting";
import { verdictOf, workflowStateName } from "../names.ts";
import { hasEnded } from "../workflows/rules.ts";
import { endOf } from "./final-state.ts";
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
    ...more,
  });
}

/** Where a run stands: at a stage, at its end, or ended by its workflow before it came to its end. */
function standing({ run }: VettingRunRow, workflow: Workflow): Pick<Init, "stage" | "verdict"> {
  if (endOf(run)) return { stage: run.at, verdict: verdictOf(overallVerdict(run)) };
  const state = workflowStateName(workflow.state);
  if (!state || !hasEnded(state)) return { stage: run.at };
  return { stage: state, verdict: cutShort(state) ?? verdictOf(overallVerdict(run)) };
}

function cutShort(state: string): Verdict | undefined {
  if (state === "canceled") return Verdict.CANCELED;
  return state === "timed_out" ? Verdict.TIMED_OUT : undefined;
}
