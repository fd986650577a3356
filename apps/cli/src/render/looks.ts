import { AgentConnection, EndReason, StepState, Verdict, WorkflowState } from "@groundcrew/proto";
import { paint, type Paint, type Style } from "../terminal/style.ts";

/** How a state is shown: a symbol, its ASCII stand-in, a word, and a colour. The word alone says it all. */
export interface Look {
  symbol: string;
  ascii: string;
  word: string;
  colour: Paint;
}

// The known values of an open enum.
type Known<T extends Record<string, number>> = T[keyof T];

const look = (symbol: string, ascii: string, word: string, colour: Paint): Look => ({ symbol, ascii, word, colour });
const unknown = look("?", "?", "unknown", "dim");

const workflowLooks: Record<Known<typeof WorkflowState>, Look> = {
  [WorkflowState.UNSPECIFIED]: unknown,
  [WorkflowState.BLOCKED]: look("·", ".", "blocked", "dim"),
  [WorkflowState.QUEUED]: look("○", "o", "queued", "dim"),
  [WorkflowState.LEASED]: look("◌", "o", "leased", "yellow"),
  [WorkflowState.RUNNING]: look("●", "*", "running", "yellow"),
  [WorkflowState.SUCCEEDED]: look("✓", "+", "succeeded", "green"),
  [WorkflowState.FAILED]: look("✗", "x", "failed", "red"),
  [WorkflowState.CANCELED]: look("⊘", "/", "canceled", "magenta"),
  [WorkflowState.TIMED_OUT]: look("✗", "x", "timed out", "red"),
  [WorkflowState.LOST]: look("✗", "x", "lost", "red"),
  [WorkflowState.SKIPPED]: look("-", "-", "skipped", "dim"),
};

const stepLooks: Record<Known<typeof StepState>, Look> = {
  [StepState.UNSPECIFIED]: unknown,
  [StepState.PENDING]: look("·", ".", "pending", "dim"),
  [StepState.RUNNING]: look("●", "*", "running", "yellow"),
  [StepState.SUCCEEDED]: look("✓", "+", "succeeded", "green"),
  [StepState.FAILED]: look("✗", "x", "failed", "red"),
  [StepState.CANCELED]: look("⊘", "/", "canceled", "magenta"),
  [StepState.TIMED_OUT]: look("✗", "x", "timed out", "red"),
  [StepState.SKIPPED]: look("-", "-", "skipped", "dim"),
  [StepState.LOST]: look("✗", "x", "lost", "red"),
};

const verdictLooks: Record<Known<typeof Verdict>, Look> = {
  [Verdict.UNSPECIFIED]: look("·", ".", "pending", "dim"),
  [Verdict.PASS]: look("✓", "+", "pass", "green"),
  [Verdict.WARN]: look("!", "!", "warn", "yellow"),
  [Verdict.FAIL]: look("✗", "x", "fail", "red"),
  [Verdict.ERROR]: look("✗", "x", "error", "red"),
  [Verdict.SKIP]: look("-", "-", "skip", "dim"),
  [Verdict.CANCELED]: look("⊘", "/", "canceled", "magenta"),
  [Verdict.TIMED_OUT]: look("✗", "x", "timed out", "red"),
};

const connectionLooks: Record<Known<typeof AgentConnection>, Look> = {
  [AgentConnection.UNSPECIFIED]: unknown,
  [AgentConnection.CONNECTING]: look("◌", "o", "connecting", "yellow"),
  [AgentConnection.CONNECTED]: look("●", "*", "connected", "green"),
  [AgentConnection.DISCONNECTED]: look("○", "o", "disconnected", "dim"),
  [AgentConnection.TIMED_OUT]: look("✗", "x", "timed out", "red"),
  [AgentConnection.NEVER_CONNECTED]: look("·", ".", "never connected", "dim"),
};

const endReasons: Record<Known<typeof EndReason>, string> = {
  [EndReason.UNSPECIFIED]: "",
  [EndReason.COMPLETED]: "",
  [EndReason.STEP_FAILED]: "a step failed",
  [EndReason.STEP_NOT_STARTED]: "a step could not be started",
  [EndReason.STEP_TIMEOUT]: "a step ran past its timeout",
  [EndReason.WORKFLOW_TIMEOUT]: "ran past its timeout",
  [EndReason.CANCELED]: "canceled",
  [EndReason.AGENT_LOST]: "its agent was lost",
  [EndReason.AGENT_RESTARTED]: "its agent restarted",
  [EndReason.AGENT_REMOVED]: "its agent was removed",
  [EndReason.HANDED_BACK]: "handed back by a draining agent",
  [EndReason.GRANT_LOST]: "the grant never reached an agent",
  [EndReason.DEPENDENCY]: "what it depends on did not succeed",
  [EndReason.VETTING_FAILED]: "the machine's verdict is fail",
  [EndReason.VETTING_ERROR]: "the machine could not be judged",
  [EndReason.AGENT_ERROR]: "the agent could not prepare or read what it needed",
  [EndReason.QUEUE_TIMEOUT]: "it waited longer than its queue timeout",
  [EndReason.REPLACED]: "a newer one of its concurrency group took its place",
  [EndReason.SECRET_UNAVAILABLE]: "a secret that it names is not there for it",
  [EndReason.DECLINED]: "declined by an operator",
};

// A newer server may send a value that this release does not know.
function lookup<T>(table: Record<number, T>, value: number, fallback: T): T {
  return table[value] ?? fallback;
}

/** How a workflow's (or pipeline's) state is shown. */
export const workflowLook = (state: WorkflowState): Look => lookup(workflowLooks, state, unknown);
/** How a step run's state is shown. */
export const stepLook = (state: StepState): Look => lookup(stepLooks, state, unknown);
/** How a verdict is shown. */
export const verdictLook = (verdict: Verdict): Look => lookup(verdictLooks, verdict, unknown);
/** How an agent's connection is shown. */
export const connectionLook = (connection: AgentConnection): Look => lookup(connectionLooks, connection, unknown);
/** Why a workflow ended, in words. Empty when it has not, or simply completed. */
export const endReasonText = (reason: EndReason): string => lookup(endReasons, reason, "for a reason unknown to crew");

/** Whether a workflow in this state has ended. */
export function hasEnded(state: WorkflowState): boolean {
  return state >= WorkflowState.SUCCEEDED;
}

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const asciiSpinner = ["|", "/", "-", "\\"];
/** How long one picture of the spinner stays. */
export const SPINNER_MS = 100;

/** The symbol of a look, painted. One that is `active` turns with the time. */
export function symbolOf(shown: Look, view: { style: Style; nowMs: number }, active = false): string {
  const frames = view.style.unicode ? spinner : asciiSpinner;
  const still = view.style.unicode ? shown.symbol : shown.ascii;
  const symbol = active ? (frames[Math.floor(view.nowMs / SPINNER_MS) % frames.length] ?? still) : still;
  return paint(view.style, shown.colour, symbol);
}
