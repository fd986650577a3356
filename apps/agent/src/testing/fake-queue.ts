import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@groundcrew/rpc";
import {
  GrantSchema,
  LinesMissingSchema,
  StaleEpochSchema,
  toEntries,
  WorkflowState,
  type DoneRequest,
  type EnqueueLogRequest,
  type Grant,
  type NextActionSchema,
  type StepLines,
  type StepRunRef,
  type UpdateRequest,
} from "@groundcrew/proto";
import { Condition } from "../condition.ts";

/** One workflow as the fake server sees it. */
export interface FakeWorkflow {
  grant: Grant;
  inits: number;
  updates: UpdateRequest[];
  /** Texts by step. */
  lines: Map<string, string[]>;
  /** Contents by step and name: "inventory/ocp.jsonl". */
  blobs: Map<string, string>;
  canceledBy: string | undefined;
  /** Its lease is another's. */
  isLost: boolean;
  /** What ended it. */
  done: DoneRequest | undefined;
}

/** What a test submits: a grant without ids. */
export type Work = Omit<MessageInitShape<typeof GrantSchema>, "$typeName" | "workflowId" | "epoch">;

/** The fake server's memory: the contract's rules for one queue, without a database. */
export class FakeQueue {
  /** Notified at every change. */
  readonly changed = new Condition();
  readonly workflows = new Map<string, FakeWorkflow>();
  /** What Init and Update answer for a vetting run, one after another; then stop. */
  script: MessageInitShape<typeof NextActionSchema>[] = [];
  readonly #waiting: FakeWorkflow[] = [];
  readonly #polls = new Map<string, Grant[]>();

  submit(work: Work): FakeWorkflow {
    const id = String(this.workflows.size + 1);
    const grant = create(GrantSchema, {
      name: `w${id}`,
      attempt: 1,
      timeoutMs: 60_000,
      ...work,
      workflowId: id,
      epoch: `10${id}`,
    });
    const fresh = { inits: 0, updates: [], canceledBy: undefined, isLost: false, done: undefined };
    const workflow: FakeWorkflow = { grant, lines: new Map(), blobs: new Map(), ...fresh };
    this.workflows.set(id, workflow);
    this.#waiting.push(workflow);
    this.changed.notify();
    return workflow;
  }

  /** Grants a workflow again, in a new lease. */
  requeue(workflow: FakeWorkflow, epoch: string): void {
    workflow.grant.epoch = epoch;
    this.#waiting.push(workflow);
    this.changed.notify();
  }

  cancel(workflow: FakeWorkflow, by: string): void {
    workflow.canceledBy = by;
    this.changed.notify();
  }

  lose(workflow: FakeWorkflow): void {
    workflow.isLost = true;
    this.changed.notify();
  }

  /** The answer to a poll: the same for the same id. */
  poll(pollId: string, freeSlots: number): Grant[] | undefined {
    const known = this.#polls.get(pollId);
    if (known) return known;
    if (this.#waiting.length === 0) return undefined;
    const grants = this.#waiting.splice(0, freeSlots).map(({ grant }) => grant);
    this.#polls.set(pollId, grants);
    return grants;
  }

  /** The workflow of a lease. Throws a stale epoch when it is lost. */
  held({ workflowId, epoch }: { workflowId: string; epoch: string }): FakeWorkflow {
    const workflow = this.workflows.get(workflowId);
    if (workflow?.grant.epoch === epoch && !workflow.isLost) return workflow;
    const value = { workflowId, epoch, state: WorkflowState.QUEUED };
    throw new ConnectError("the lease is not yours", Code.FailedPrecondition, undefined, [
      { desc: StaleEpochSchema, value },
    ]);
  }

  nextAction(workflow: FakeWorkflow): MessageInitShape<typeof NextActionSchema> {
    if (workflow.grant.plan.case === "build") return { action: { case: "goOn", value: {} } };
    return this.script.shift() ?? { action: { case: "stop", value: { state: WorkflowState.SUCCEEDED } } };
  }

  update(request: UpdateRequest): FakeWorkflow {
    const workflow = this.held(refOf(request));
    workflow.updates.push(request);
    this.changed.notify();
    return workflow;
  }

  enqueue(request: EnqueueLogRequest): number {
    const ref = refOf(request);
    const { lines } = this.held(ref);
    const stored = lines.get(ref.step) ?? [];
    lines.set(ref.step, stored);
    if (request.firstLine <= stored.length) {
      const texts = toEntries(request).map(({ text }) => Buffer.from(text).toString());
      stored.push(...texts.slice(stored.length - request.firstLine));
      this.changed.notify();
    }
    return stored.length;
  }

  done(request: DoneRequest): void {
    const workflow = this.held(request);
    for (const lines of request.lines) this.#requireLines(workflow, request, lines);
    workflow.done = request;
    this.changed.notify();
  }

  #requireLines(
    workflow: FakeWorkflow,
    { workflowId, epoch }: DoneRequest,
    { step, try: count, lineCount }: StepLines,
  ) {
    const nextLine = workflow.lines.get(step)?.length ?? 0;
    if (nextLine >= lineCount) return;
    const value = { stepRun: { workflowId, epoch, step, try: count }, nextLine, lineCount };
    throw new ConnectError("lines are missing", Code.FailedPrecondition, undefined, [
      { desc: LinesMissingSchema, value },
    ]);
  }
}

/** A request's step run, which every report names. */
export function refOf({ stepRun }: { stepRun?: StepRunRef | undefined }): StepRunRef {
  if (!stepRun) throw new ConnectError("step_run is missing", Code.InvalidArgument);
  return stepRun;
}
