import { WorkflowState, type Pipeline, type StepRun, type Workflow } from "@groundcrew/proto";
import { visible } from "../terminal/visible.ts";
import { stepLook, workflowLook } from "./looks.ts";
import { newestStepRuns, stepNote, workflowNote } from "./pipeline.ts";
import { describeChange } from "./view.ts";

/** What changed from one snapshot of a pipeline to the next, one line each: how a pipe hears of progress. */
export function pipelineChanges(before: Pipeline | undefined, after: Pipeline): string[] {
  const known = new Map(before?.workflows.map((workflow) => [workflow.id, workflow]));
  const lines = after.workflows.flatMap((workflow) => workflowChanges(known.get(workflow.id), workflow));
  if (before?.state !== after.state)
    lines.push(`pipeline ${visible(after.name)} ${describeChange(workflowLook(after.state).word, after, "")}`);
  return lines;
}

function workflowChanges(before: Workflow | undefined, after: Workflow): string[] {
  const name = visible(after.name);
  const known = new Map(before?.stepRuns.map((run) => [run.id, run]));
  const steps = newestStepRuns(after)
    .filter((run) => run.state !== known.get(run.id)?.state)
    .map((run) => `${name}/${visible(run.ref?.step ?? "")} ${stepChange(run)}`);
  if (sameState(before, after)) return steps;
  const text = describeChange(workflowLook(after.state).word, after, workflowNote(after));
  const line = `${name} ${text}`;
  // Read in order: a workflow starts before its steps, and ends after them.
  return after.state === WorkflowState.RUNNING ? [line, ...steps] : [...steps, line];
}

function sameState(before: Workflow | undefined, after: Workflow): boolean {
  return (
    before?.state === after.state && before.epoch === after.epoch && before.cancelRequested === after.cancelRequested
  );
}

function stepChange(run: StepRun): string {
  return describeChange(stepLook(run.state).word, run, stepNote(run));
}
