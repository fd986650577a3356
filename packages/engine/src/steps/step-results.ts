import type { ExpressionScope } from "@groundcrew/pipeline";
import { WorkflowState, type BuildPlan, type ParentResult, type StepPlan } from "@groundcrew/proto";
import type { StopCause } from "../process/stop-cause.ts";
import {
  buildEndOf,
  COMPLETED,
  hasPassed,
  stoppedEnd,
  type BuildEnd,
  type StepEnd,
  type WorkflowEnd,
} from "./workflow-end.ts";

/** How a step ended, as expressions call it. */
type StepStatus = "success" | "failure" | "canceled" | "skipped";

interface StepResult {
  status: StepStatus;
  outputs: Record<string, string>;
}

/** What the steps of a build came to so far, and what that makes of the build. */
export class StepResults {
  readonly #plan: BuildPlan;
  readonly #steps = new Map<string, StepResult>();
  #end: WorkflowEnd | undefined;
  #isCanceled = false;

  constructor(plan: BuildPlan) {
    this.#plan = plan;
  }

  /** How it went so far. */
  get status(): ExpressionScope["status"] {
    if (this.#isCanceled) return "canceled";
    return this.#end === undefined ? "success" : "failure";
  }

  /** The build was stopped. What ended it first stays its end. */
  stopped(cause: StopCause): void {
    this.#isCanceled ||= cause.kind === "canceled";
    this.#end ??= stoppedEnd(cause);
  }

  /** A step was left out. */
  skipped(step: StepPlan): void {
    this.#steps.set(step.name, { status: "skipped", outputs: declared(step) });
  }

  /** A step ended; a service that is ready counts as passed until it ends. */
  ended(step: StepPlan, end: StepEnd, outputs: Record<string, string> = {}): void {
    this.#steps.set(step.name, { status: statusOf(end), outputs: { ...declared(step), ...outputs } });
    if (!step.continueOnError) this.#end ??= buildEndOf(step.name, end);
  }

  /** The source could not be fetched, or the like: no step of the plan ended it. */
  failed(name: string, end: StepEnd): void {
    this.#end ??= buildEndOf(name, end);
  }

  /** What expressions may look at. */
  scope(): ExpressionScope {
    const { parents, matrix, trigger } = this.#plan;
    return {
      steps: Object.fromEntries(this.#steps),
      workflows: Object.fromEntries(parents.map((parent) => [parent.name, resultOf(parent)])),
      matrix,
      event: trigger?.event ?? "",
      branch: trigger?.branch ?? "",
      tag: trigger?.tag ?? "",
      parameters: trigger?.parameters ?? {},
      status: this.status,
    };
  }

  /** The end of the build, once all of its steps have theirs. */
  end(): BuildEnd {
    const outputs = Object.assign({}, ...Array.from(this.#steps.values(), (step) => step.outputs));
    return { ...(this.#end ?? COMPLETED), outputs };
  }
}

// A name that was declared and not written is an empty text, so that expressions may always look at it.
function declared({ outputs }: StepPlan): Record<string, string> {
  return Object.fromEntries(outputs.map((name) => [name, ""]));
}

function statusOf(end: StepEnd): StepStatus {
  if (hasPassed(end)) return "success";
  return end.kind === "stopped" && end.cause.kind === "canceled" ? "canceled" : "failure";
}

function resultOf({ state, outputs }: ParentResult): StepResult {
  return { status: PARENT_STATUS[state] ?? "failure", outputs };
}

const PARENT_STATUS: Partial<Record<WorkflowState, StepStatus>> = {
  [WorkflowState.SUCCEEDED]: "success",
  [WorkflowState.CANCELED]: "canceled",
  [WorkflowState.SKIPPED]: "skipped",
};
