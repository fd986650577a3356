import type { WorkflowStateName } from "../db/schema.ts";
import { hasEnded, isHeld, type TerminalState } from "./rules.ts";

/** The ways to end, worst first. */
const WORST_FIRST = [
  "failed",
  "timed_out",
  "lost",
  "canceled",
  "skipped",
  "succeeded",
] as const satisfies TerminalState[];

/**
 * Where a pipeline stands, from the states of its workflows: the worst end once all have ended, else running once one
 * has started, else queued, else blocked.
 */
export function pipelineStateOf(states: ReadonlySet<WorkflowStateName>, started: boolean): WorkflowStateName {
  const open = [...states].filter((state) => !hasEnded(state));
  if (open.length === 0) return WORST_FIRST.find((state) => states.has(state)) ?? "succeeded";
  if (started || open.some(isHeld)) return "running";
  return open.includes("queued") ? "queued" : "blocked";
}
