import type { DoneRequest, StepLines } from "@groundcrew/proto";
import { LinesMissingSchema, WorkflowState } from "@groundcrew/proto";
import { Code, ConnectError, invalidField } from "@groundcrew/rpc";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext, Tx } from "../context.ts";
import type { Topic } from "../db/hints.ts";
import type { EndReasonName, WorkflowStateName } from "../db/schema.ts";
import { declareLost } from "../logs/append.ts";
import { endReasonName } from "../names.ts";
import { finalStateOf } from "../vetting/final-state.ts";
import { checkedLease, lockOwned, type LeaseName, staleEpoch } from "./stale.ts";
import { checkedStepRun, lockStepRun, type StepRunName } from "./step-run.ts";
import { endWorkflow, hasEnded, isHeld, releaseWorkflow, type TerminalState, type WorkflowRow } from "./transitions.ts";

/** No workflow has more step runs in one epoch: 256 steps, tried a few times. */
const STEP_LINES_MAX = 4_096;

/**
 * Ends a workflow as its agent says, unless a cancel came first; hands it back when the agent says QUEUED. Refused
 * while lines are missing. Repeating it changes nothing. Answers the state the workflow has now.
 */
export async function doneWorkflow(
  context: ServerContext,
  caller: Caller,
  request: DoneRequest,
): Promise<WorkflowStateName> {
  const name = checkedLease(request);
  const outcome = checkedOutcome(request);
  const topics = await context.db.transaction().execute(async (tx) => {
    const row = await lockOwned(tx, caller, name);
    if (hasEnded(row.state)) return [];
    if (!isHeld(row.state)) throw staleEpoch(name, row);
    await checkLines(tx, name, request.lines);
    return finish(tx, row, outcome, caller.name);
  });
  context.hints.publish(...topics, `log:${name.workflowId}`);
  return currentState(context, name.workflowId);
}

interface Outcome {
  state: Exclude<TerminalState, "lost" | "skipped"> | "queued";
  reason: EndReasonName;
  error: string;
}

const REPORTABLE: Partial<Record<WorkflowState, Outcome["state"]>> = {
  [WorkflowState.QUEUED]: "queued",
  [WorkflowState.SUCCEEDED]: "succeeded",
  [WorkflowState.FAILED]: "failed",
  [WorkflowState.CANCELED]: "canceled",
  [WorkflowState.TIMED_OUT]: "timed_out",
};

function checkedOutcome(request: DoneRequest): Outcome {
  const state = REPORTABLE[request.state];
  if (!state) throw invalidField("state", request.state, "SUCCEEDED, FAILED, CANCELED, TIMED_OUT or QUEUED");
  const reason = endReasonName(request.endReason);
  if (!reason) throw invalidField("end_reason", request.endReason, "a reason");
  if (request.lines.length > STEP_LINES_MAX) {
    throw invalidField("lines", `${request.lines.length} entries`, `at most ${STEP_LINES_MAX}`);
  }
  return { state, reason, error: request.error.slice(0, 10_000).replaceAll("\0", "") };
}

async function checkLines(tx: Tx, lease: LeaseName, lines: StepLines[]): Promise<void> {
  for (const { step, try: tryNumber, lineCount, restLost } of lines) {
    if (lineCount === 0) continue;
    const name = checkedStepRun({ ...lease, step, try: tryNumber } as Parameters<typeof checkedStepRun>[0], "lines");
    const stepRun = await lockStepRun(tx, name);
    const stored = Number(stepRun.next_line);
    if (stored >= lineCount) continue;
    if (!restLost) throw linesMissing(name, stored, lineCount);
    await declareLost(tx, stepRun.id, stored, lineCount);
  }
}

function linesMissing(stepRun: StepRunName, nextLine: number, lineCount: number): ConnectError {
  const message = `step ${stepRun.step} wrote ${lineCount} lines, of which ${nextLine} have arrived; send the rest first`;
  return new ConnectError(message, Code.FailedPrecondition, undefined, [
    { desc: LinesMissingSchema, value: { stepRun, nextLine, lineCount } },
  ]);
}

function finish(tx: Tx, row: WorkflowRow, outcome: Outcome, actor: string): Promise<Topic[]> {
  if (row.cancel_requested_at) return endWorkflow(tx, row, { state: "canceled", reason: "canceled", actor });
  if (outcome.state === "queued") return releaseWorkflow(tx, row, "handed_back", actor);
  if (outcome.state === "canceled") {
    throw invalidField("state", "CANCELED", "another state: nobody asked to cancel this workflow");
  }
  return row.kind === "vetting"
    ? finishVetting(tx, row, actor)
    : endWorkflow(tx, row, { state: outcome.state, reason: outcome.reason, error: outcome.error, actor });
}

/** A vetting run ends by its own verdicts, whatever the agent says. */
async function finishVetting(tx: Tx, row: WorkflowRow, actor: string): Promise<Topic[]> {
  return endWorkflow(tx, row, { ...(await finalStateOf(tx, row)), actor });
}

async function currentState({ db }: ServerContext, id: string): Promise<WorkflowStateName> {
  const { state } = await db.selectFrom("workflows").select("state").where("id", "=", id).executeTakeFirstOrThrow();
  return state;
}
