/** Why steps are stopped before they end by themselves. The first cause wins. */
export type StopCause =
  | { kind: "canceled"; by: string }
  | { kind: "step_timeout"; timeoutMs: number }
  | { kind: "workflow_timeout"; timeoutMs: number }
  | { kind: "workspace_full"; maxBytes: number }
  | { kind: "cleanup_timeout"; timeoutMs: number }
  | { kind: "served" }
  | { kind: "handed_back" }
  | { kind: "lost" }
  | { kind: "abandoned" };

/** What an AbortSignal carries as its reason when steps are to stop. */
export class StopError extends Error {
  override readonly name = "StopError";
  readonly stopCause: StopCause;

  constructor(stopCause: StopCause) {
    super(describeStop(stopCause));
    this.stopCause = stopCause;
  }
}

/** The cause that an aborted signal carries. */
export function stopCauseOf(signal: AbortSignal): StopCause {
  return signal.reason instanceof StopError ? signal.reason.stopCause : { kind: "lost" };
}

/** The cause in words, for a step's log. */
export function describeStop(cause: StopCause): string {
  switch (cause.kind) {
    case "canceled":
      return cause.by === "" ? "canceled" : `canceled by ${cause.by}`;
    case "step_timeout":
      return `stopped: the step ran longer than its timeout of ${cause.timeoutMs / 1000} s`;
    case "workflow_timeout":
      return `stopped: the workflow ran longer than its timeout of ${cause.timeoutMs / 1000} s`;
    case "workspace_full":
      return `stopped: the workspace holds more than its quota of ${cause.maxBytes} bytes`;
    case "cleanup_timeout":
      return `stopped: the clean-up took longer than ${cause.timeoutMs / 1000} s`;
    case "served":
      return "stopped: the steps that it served have ended";
    case "handed_back":
      return "stopped: the agent is shutting down and hands the workflow back";
    case "lost":
      return "stopped: the lease was lost";
    case "abandoned":
      return "stopped: the agent ends at once";
    default:
      return cause satisfies never;
  }
}
