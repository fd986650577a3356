import { EndReason, StepState, WorkflowState } from "@groundcrew/proto";
import type { ProcessEnd } from "../process/supervise.ts";
import type { TestResults } from "../test-results/test-results.ts";
import { describeStop, type StopCause } from "../process/stop-cause.ts";

/** How a workflow ended, as Done reports it. */
export interface WorkflowEnd {
  state: WorkflowState;
  endReason: EndReason;
  /** For people. */
  error?: string;
}

/**
 * How a step ended: as its process did, because the agent could not do its part, or failed by what it did beside
 * exiting: a service that was not ready, outputs that cannot be read.
 */
export type StepEnd = ProcessEnd | { kind: "agent_error"; message: string } | { kind: "failed"; message: string };

/** What Update reports of a step's end. */
export interface StepReport {
  state: StepState;
  exitCode?: number;
  signal?: string;
  error?: string;
  /** Of a step that names JUnit files. */
  tests?: TestResults;
}

/** How a build ended, and what its steps handed on. */
export interface BuildEnd extends WorkflowEnd {
  /** By name; every name that a step declares. */
  outputs: Record<string, string>;
}

/** Every step passed. */
export const COMPLETED: WorkflowEnd = { state: WorkflowState.SUCCEEDED, endReason: EndReason.COMPLETED };

/** The end of a workflow that a fault of the agent's surroundings ended. */
export function agentError(message: string): WorkflowEnd {
  return failed(EndReason.AGENT_ERROR, message);
}

/** The end of a workflow that was stopped. */
export function stoppedEnd(cause: StopCause): WorkflowEnd {
  const error = describeStop(cause);
  switch (cause.kind) {
    case "canceled":
      return { state: WorkflowState.CANCELED, endReason: EndReason.CANCELED, error };
    case "step_timeout":
    case "cleanup_timeout":
      return { state: WorkflowState.TIMED_OUT, endReason: EndReason.STEP_TIMEOUT, error };
    case "workflow_timeout":
      return { state: WorkflowState.TIMED_OUT, endReason: EndReason.WORKFLOW_TIMEOUT, error };
    case "workspace_full":
      return failed(EndReason.STEP_FAILED, error);
    case "served":
      return COMPLETED;
    case "handed_back":
    case "lost":
    case "abandoned":
      return { state: WorkflowState.QUEUED, endReason: EndReason.HANDED_BACK, error };
    default:
      return cause satisfies never;
  }
}

/** A step that ended so has done what it was for. */
export function hasPassed(end: StepEnd): boolean {
  return end.kind === "stopped" ? end.cause.kind === "served" : end.kind === "exited" && end.exitCode === 0;
}

/** What a step's end makes of its build: undefined when the next step may start. */
export function buildEndOf(step: string, end: StepEnd): WorkflowEnd | undefined {
  if (hasPassed(end)) return undefined;
  switch (end.kind) {
    case "exited":
      return failed(EndReason.STEP_FAILED, `step "${step}" exited with code ${end.exitCode}`);
    case "signaled":
      return failed(EndReason.STEP_FAILED, `step "${step}" was ended by ${end.signal}`);
    case "not_started":
      return failed(EndReason.STEP_NOT_STARTED, `step "${step}" could not be started: ${end.message}`);
    case "failed":
      return failed(EndReason.STEP_FAILED, `step "${step}": ${end.message}`);
    case "agent_error":
      return agentError(`step "${step}": ${end.message}`);
    case "stopped":
      return stoppedEnd(end.cause);
    default:
      return end satisfies never;
  }
}

function failed(endReason: EndReason, error: string): WorkflowEnd {
  return { state: WorkflowState.FAILED, endReason, error };
}

/** What to report of a build step's end. */
export function stepReportOf(end: StepEnd): StepReport {
  if (end.kind === "exited" && end.exitCode !== 0) return { state: StepState.FAILED, exitCode: end.exitCode };
  if (end.kind === "signaled") return { state: StepState.FAILED, signal: end.signal };
  return stageReportOf(end);
}

/** What to report of a stage's end: one that ended by itself has left evidence, whatever its exit code says. */
export function stageReportOf(end: StepEnd): StepReport {
  switch (end.kind) {
    case "exited":
      return { state: StepState.SUCCEEDED, exitCode: end.exitCode };
    case "signaled":
      return { state: StepState.SUCCEEDED, signal: end.signal };
    case "not_started":
    case "agent_error":
    case "failed":
      return { state: StepState.FAILED, error: end.message };
    case "stopped": {
      const { kind: _, cause, ...how } = end;
      if (cause.kind === "served") return { state: StepState.SUCCEEDED };
      return { state: stoppedState(cause), error: describeStop(cause), ...how };
    }
    default:
      return end satisfies never;
  }
}

/** What the agent adds to the log of a step that did not simply exit. */
export function noteOf(end: StepEnd): string | undefined {
  switch (end.kind) {
    case "exited":
      return undefined;
    case "signaled":
      return `ended by ${end.signal}`;
    case "not_started":
      return `could not be started: ${end.message}`;
    case "agent_error":
    case "failed":
      return end.message;
    case "stopped":
      return describeStop(end.cause);
    default:
      return end satisfies never;
  }
}

function stoppedState(cause: StopCause): StepState {
  switch (cause.kind) {
    case "step_timeout":
    case "workflow_timeout":
    case "cleanup_timeout":
      return StepState.TIMED_OUT;
    case "workspace_full":
      return StepState.FAILED;
    case "canceled":
    case "served":
    case "handed_back":
    case "lost":
    case "abandoned":
      return StepState.CANCELED;
    default:
      return cause satisfies never;
  }
}
