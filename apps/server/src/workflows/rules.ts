import type { DependencyCondition, RetryPlan, RetryReason } from "@groundcrew/pipeline";
import type { BlockReasonName, EndReasonName, WorkflowStateName } from "../db/schema.ts";

// What becomes of a workflow, as pure rules: facts in, decision out. The statements beside this file carry it out.

/** The states a workflow never leaves. */
export const TERMINAL_STATES = ["succeeded", "failed", "canceled", "timed_out", "lost", "skipped"] as const;

/** A state a workflow never leaves. */
export type TerminalState = (typeof TERMINAL_STATES)[number];

/** How often a workflow may lose its agent before it ends `lost`: one that brings its agents down must end. */
export const MAX_LOSSES = 5;

/** Whether a workflow has ended. */
export function hasEnded(state: WorkflowStateName): state is TerminalState {
  return (TERMINAL_STATES as readonly string[]).includes(state);
}

/** Whether a workflow is some agent's. */
export function isHeld(state: WorkflowStateName): boolean {
  return state === "leased" || state === "running";
}

/** What the rules look at. */
export interface WorkflowFacts {
  state: WorkflowStateName;
  cancelRequested: boolean;
  onAgentLost: "requeue" | "fail" | "resume";
  /** How often its agent was lost while it ran. */
  losses: number;
  /** Automatic retries used. */
  retries: number;
  retry: RetryPlan | null;
}

/** How a workflow ends. */
export interface Ending {
  state: TerminalState;
  reason: EndReasonName;
  error: string;
}

/** What a decision changes. */
export type Change =
  | ({ kind: "end" } & Ending)
  /** Back to the queue, at once. */
  | { kind: "requeue"; reason: EndReasonName; losses: number; retries: number; error: string }
  /** Tried again after a pause. */
  | { kind: "retry_later"; reason: EndReasonName; losses: number; retries: number; error: string; pauseMs: number };

/** What a vetting run's hold changes of its workflow. */
export type HoldChange =
  /** The lease ends, and the machine waits for an operator. */
  | { kind: "hold" }
  /** An operator lets it go on: back to the queue, with no loss to its name. */
  | { kind: "unhold" };

const CANCELED: Change = { kind: "end", state: "canceled", reason: "canceled", error: "" };

/** A lease as somebody names it. */
interface LeaseFacts {
  epoch: string;
  agentId: string | null;
}

/**
 * Whether what an agent says of a lease may change anything: `ours` while it is the newest epoch and this agent's, ended
 * or not; everything else is stale, whoever says it and however late.
 */
export function fence(stored: LeaseFacts | undefined, named: LeaseFacts): "ours" | "stale" {
  return stored?.epoch === named.epoch && stored.agentId === named.agentId ? "ours" : "stale";
}

/** What an agent's Done comes to. A cancel that was asked for before wins, whatever the agent says. */
export function decideDone(facts: WorkflowFacts, said: Ending | { state: "queued" }): Change {
  if (facts.cancelRequested) return CANCELED;
  return said.state === "queued" ? decideRelease(facts, "handed_back") : decideEnd(facts, said);
}

/** What an end comes to that was decided for a held workflow: the end itself, or another try by its retry policy. */
export function decideEnd(facts: WorkflowFacts, ending: Ending): Change {
  if (facts.cancelRequested) return CANCELED;
  const { retry, retries, losses } = facts;
  const { reason, error } = ending;
  if (!retry || retries >= retry.max || !retry.on.some((each) => each === retryReasonOf(ending))) {
    return { kind: "end", ...ending };
  }
  const again = { reason, error, losses, retries: retries + 1 };
  const pauseMs = Math.min(retry.backoffMaxMs, retry.backoffMs * 2 ** retries);
  return pauseMs === 0 ? { kind: "requeue", ...again } : { kind: "retry_later", ...again, pauseMs };
}

/**
 * What becomes of a held workflow that its agent no longer runs: canceled when that was asked for, back to the queue
 * where its policy and its losses allow, else lost. A grant that was never started is always given again.
 */
export function decideRelease(facts: WorkflowFacts, reason: EndReasonName): Change {
  if (facts.cancelRequested) return CANCELED;
  const requeue = (losses: number): Change => ({ kind: "requeue", reason, losses, retries: facts.retries, error: "" });
  if (facts.state === "leased") return requeue(facts.losses);
  const lost = (error: string): Change => decideEnd(facts, { state: "lost", reason, error });
  if (facts.onAgentLost === "fail") return lost("its agent left it, and on_agent_lost is fail");
  // An agent that hands back does so in order: no loss.
  const losses = facts.losses + (reason === "handed_back" ? 0 : 1);
  if (losses < MAX_LOSSES) return requeue(losses);
  return lost(`its agent was lost ${losses} times, which is as often as a workflow is tried`);
}

/** What a retry policy calls this end; undefined for one that is never retried. */
function retryReasonOf({ state, reason }: Ending): RetryReason | undefined {
  if (reason === "agent_error") return "agent_error";
  return state === "failed" || state === "timed_out" || state === "lost" ? state : undefined;
}

/** What becomes of a leased workflow that is not given to its agent: no retry mends what is missing. */
export function decideWithheld({ cancelRequested }: WorkflowFacts, error: string): Change {
  if (cancelRequested) return CANCELED;
  return { kind: "end", state: "failed", reason: "secret_unavailable", error };
}

/** Whether a parent that ended in this state lets a child with this condition go on. */
export function dependencyHolds(condition: DependencyCondition, parent: TerminalState): boolean {
  switch (condition) {
    case "success":
      return parent === "succeeded";
    case "failure":
      return parent === "failed" || parent === "timed_out" || parent === "lost";
    case "always":
      return true;
    default:
      return condition satisfies never;
  }
}

/** What keeps a workflow that has not been leased. */
export interface Obstacles {
  /** A workflow it depends on has not ended. */
  dependent?: boolean;
  /** It needs an approval that nobody has given. */
  unapproved: boolean;
  /** Its moment has not come. */
  delayed: boolean;
  /** It is one of a concurrency group, whose places are given in turn. */
  grouped: boolean;
}

/** Where a workflow stands by what keeps it: in this order, so that who approves sees what it depends on ended. */
export function placeOf(
  obstacles: Obstacles,
): { state: "queued"; reason: null } | { state: "blocked"; reason: BlockReasonName } {
  const { dependent = false, unapproved, delayed, grouped } = obstacles;
  if (dependent) return { state: "blocked", reason: "dependency" };
  if (unapproved) return { state: "blocked", reason: "approval" };
  if (delayed) return { state: "blocked", reason: "delay" };
  return grouped ? { state: "blocked", reason: "limit" } : { state: "queued", reason: null };
}

/** What the ends of some of its parents make of a child: it is skipped, or waits for that many fewer. */
export function decideChild(
  parentsLeft: number,
  ended: readonly { condition: DependencyCondition; parent: TerminalState }[],
): { kind: "skip" } | { kind: "wait"; parentsLeft: number } | { kind: "ready" } {
  if (!ended.every(({ condition, parent }) => dependencyHolds(condition, parent))) return { kind: "skip" };
  const left = parentsLeft - ended.length;
  return left > 0 ? { kind: "wait", parentsLeft: left } : { kind: "ready" };
}
