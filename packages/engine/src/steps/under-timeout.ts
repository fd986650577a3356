import { StopError } from "../process/stop-cause.ts";
import type { StepEnd } from "./workflow-end.ts";

/** What bounds a step. */
export interface TimeoutOptions {
  /** In milliseconds. 0: none. */
  timeoutMs: number;
  stop: AbortSignal;
  /** Told of an error, which becomes the step's end. */
  onFault: (error: unknown) => void;
}

/** Runs a step until it ends, is stopped or has had its time. A fault of the surroundings becomes an end as well. */
export async function underTimeout(
  { timeoutMs, stop, onFault }: TimeoutOptions,
  run: (stop: AbortSignal) => Promise<StepEnd>,
): Promise<StepEnd> {
  const timeout = new AbortController();
  const onTimeout = () => timeout.abort(new StopError({ kind: "step_timeout", timeoutMs }));
  const timer = timeoutMs > 0 ? setTimeout(onTimeout, timeoutMs) : undefined;
  try {
    return await run(AbortSignal.any([stop, timeout.signal]));
  } catch (error) {
    onFault(error);
    return { kind: "agent_error", message: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
