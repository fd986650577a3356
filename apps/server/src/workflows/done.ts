import { create } from "@bufbuild/protobuf";
import type { DoneRequest, StepLines } from "@groundcrew/proto";
import { StepRunRefSchema, WorkflowState } from "@groundcrew/proto";
import { ConnectError, invalidField } from "@groundcrew/rpc";
import type { Caller } from "../agents/caller.ts";
import type { ServerContext, Tx } from "../context.ts";
import { Coalescer, type Outcome } from "../db/coalesce.ts";
import type { Topic } from "../db/hints.ts";
import type { EndReasonName, WorkflowStateName } from "../db/schema.ts";
import { endReasonName } from "../names.ts";
import { afterVettingEnds } from "../vetting/after-end.ts";
import { finalStateOf } from "../vetting/final-state.ts";
import { checkLines } from "./lines.ts";
import { checkedOutputs, storeOutputs } from "./outputs.ts";
import { decideDone, decideEnd, hasEnded, isHeld, type Change, type TerminalState } from "./rules.ts";
import { checkedLease, isOwn, staleEpoch, type LeaseName } from "./stale.ts";
import { checkedStepRun, lockStepRuns, type StepRunName, type StepRuns } from "./step-run.ts";
import { applyChanges } from "./transitions.ts";
import { factsOf, lockWorkflows, type WorkflowRow } from "./workflow-row.ts";
import type { Decided } from "./write-changes.ts";

/** No workflow has more step runs in one epoch: 256 steps, tried a few times. */
const STEP_LINES_MAX = 4_096;

/** What an agent says of a workflow's end, checked. */
interface Question extends LeaseName {
  caller: Caller;
  said: Said;
  lines: StepLines[];
  /** What its steps hand on. */
  outputs: Record<string, string>;
}

interface Said {
  state: Exclude<TerminalState, "lost" | "skipped"> | "queued";
  reason: EndReasonName;
  error: string;
}

/** Ends workflows as their agents say. */
export class Finisher {
  readonly #ends: Coalescer<Question, WorkflowStateName>;

  constructor(context: ServerContext) {
    this.#ends = new Coalescer({ run: (batch) => finish(context, batch) });
  }

  /**
   * Ends a workflow as its agent says, unless a cancel came first; hands it back when the agent says QUEUED. Refused
   * while lines are missing. Repeating it changes nothing. Answers the state the workflow has now.
   */
  async done(caller: Caller, request: DoneRequest): Promise<WorkflowStateName> {
    return this.#ends.ask({
      ...checkedLease(request),
      caller,
      said: checkedEnd(request),
      lines: checkedLines(request),
      outputs: checkedOutputs(request.outputs),
    });
  }
}

const REPORTABLE: Partial<Record<WorkflowState, Said["state"]>> = {
  [WorkflowState.QUEUED]: "queued",
  [WorkflowState.SUCCEEDED]: "succeeded",
  [WorkflowState.FAILED]: "failed",
  [WorkflowState.CANCELED]: "canceled",
  [WorkflowState.TIMED_OUT]: "timed_out",
};

function checkedEnd(request: DoneRequest): Said {
  const state = REPORTABLE[request.state];
  if (!state) throw invalidField("state", request.state, "SUCCEEDED, FAILED, CANCELED, TIMED_OUT or QUEUED");
  const reason = endReasonName(request.endReason);
  if (!reason) throw invalidField("end_reason", request.endReason, "a reason");
  return { state, reason, error: request.error.slice(0, 10_000).replaceAll("\0", "") };
}

function checkedLines({ lines, workflowId, epoch }: DoneRequest): StepLines[] {
  if (lines.length > STEP_LINES_MAX)
    throw invalidField("lines", `${lines.length} entries`, `at most ${STEP_LINES_MAX}`);
  const written = lines.filter(({ lineCount }) => lineCount > 0);
  for (const { step, try: tryNumber } of written) {
    checkedStepRun(create(StepRunRefSchema, { workflowId, epoch, step, try: tryNumber }), "lines");
  }
  return written;
}

async function finish(context: ServerContext, batch: readonly Question[]): Promise<Outcome<WorkflowStateName>[]> {
  const { outcomes, topics } = await context.db.transaction().execute(async (tx) => {
    const rows = await lockWorkflows(
      tx,
      batch.map(({ workflowId }) => workflowId),
    );
    const stepRuns = await lockStepRuns(tx, batch.flatMap(namesOf));
    const ends = new Ends(tx, rows, stepRuns);
    const outcomes = [];
    for (const question of batch) outcomes.push(await ends.decide(question));
    await storeOutputs(tx, ends.outputs);
    const topics = await applyChanges(tx, context, ends.decided);
    await afterVettingEnds(tx, ends.decided);
    return { outcomes, topics };
  });
  context.hints.publish(...topics, ...batch.map(({ workflowId }): Topic => `log:${workflowId}`));
  return outcomes;
}

function namesOf({ workflowId, epoch, lines }: Question): StepRunName[] {
  return lines.map(({ step, try: tryNumber }) => ({ workflowId, epoch, step, try: tryNumber }));
}

/** Decides the ends of a batch, on locked rows. */
class Ends {
  readonly decided: Decided[] = [];
  /** Of workflows that end with outputs, by id. */
  readonly outputs = new Map<string, Record<string, string>>();
  readonly #tx: Tx;
  readonly #rows: ReadonlyMap<string, WorkflowRow>;
  readonly #stepRuns: StepRuns;
  /** What this batch made of a workflow: the answer to a Done that came twice. */
  readonly #states = new Map<string, WorkflowStateName>();

  constructor(tx: Tx, rows: readonly WorkflowRow[], stepRuns: StepRuns) {
    this.#tx = tx;
    this.#stepRuns = stepRuns;
    this.#rows = new Map(rows.map((row) => [row.id, row]));
  }

  async decide(question: Question): Promise<Outcome<WorkflowStateName>> {
    const { workflowId, caller, lines } = question;
    const row = this.#rows.get(workflowId);
    if (!row || !isOwn(row, caller, question)) return { error: staleEpoch(question, row) };
    const state = this.#states.get(workflowId) ?? row.state;
    if (hasEnded(state)) return { value: state };
    if (this.#states.has(workflowId) || !isHeld(row.state)) return { error: staleEpoch(question, { state }) };
    const missing = await checkLines(this.#tx, this.#stepRuns, question, lines);
    if (missing) return { error: missing };
    const change = await this.#changeOf(row, question);
    if (change instanceof ConnectError) return { error: change };
    if (change.kind === "end" && Object.keys(question.outputs).length > 0) this.outputs.set(row.id, question.outputs);
    return { value: this.#note(row, change, caller.name) };
  }

  async #changeOf(row: WorkflowRow, { said }: Question): Promise<Change | ConnectError> {
    const { state, reason, error } = said;
    const facts = factsOf(row);
    if (state === "queued") return decideDone(facts, { state });
    if (state === "canceled" && !facts.cancelRequested) {
      return invalidField("state", "CANCELED", "another state: nobody asked to cancel this workflow");
    }
    if (row.kind === "build" || facts.cancelRequested) return decideDone(facts, { state, reason, error });
    // A vetting run ends by its own verdicts, whatever the agent says.
    return decideEnd(facts, { error: "", ...(await finalStateOf(this.#tx, row)) });
  }

  #note(row: WorkflowRow, change: Change, actor: string): WorkflowStateName {
    this.decided.push({ row, change, actor });
    const state = change.kind === "end" ? change.state : change.kind === "requeue" ? "queued" : "blocked";
    this.#states.set(row.id, state);
    return state;
  }
}
