import { create } from "@bufbuild/protobuf";
import {
  StepRunSchema,
  WorkflowEventSchema,
  WorkflowSchema,
  WorkflowState,
  type StepRun,
  type Workflow,
  type WorkflowEvent,
} from "@groundcrew/proto";
import type { Selectable, SelectQueryBuilder } from "kysely";
import type { Db } from "../context.ts";
import type { Database } from "../db/schema.ts";
import { blockReasonOf, endReasonOf, stepStateOf, timestampOf, workflowStateOf, workKindOf } from "../names.ts";

type StepRunRow = Selectable<Database["step_runs"]>;
type WorkflowEventRow = Selectable<Database["workflow_events"]>;

/** What people see of a workflow: everything but the plan, which can be large. */
const COLUMNS = [
  "w.id",
  "w.pipeline_id",
  "w.name",
  "w.kind",
  "w.state",
  "w.block_reason",
  "w.end_reason",
  "w.error",
  "c.labels",
  "w.matrix",
  "w.depends_on",
  "w.agent_name",
  "w.epoch",
  "w.attempt",
  "w.cancel_requested_at",
  "w.canceled_by",
  "w.created_at",
  "w.queued_at",
  "w.started_at",
  "w.finished_at",
  "w.timeout_ms",
  "w.priority",
  "w.not_before",
  "w.concurrency_group",
  "w.retries",
  "w.retry_of",
  "w.needs_approval",
  "w.approved_by",
  "w.approved_at",
  "w.secrets_granted",
] as const;

/** Workflows, as `w`, with the columns that {@link workflowMessage} takes. */
export function selectWorkflows(db: Db) {
  return db.selectFrom("workflows as w").innerJoin("label_classes as c", "c.id", "w.class_id").select(COLUMNS);
}

/** What {@link selectWorkflows} reads. */
type ShownWorkflow =
  ReturnType<typeof selectWorkflows> extends SelectQueryBuilder<infer _Db, infer _Tables, infer Row> ? Row : never;

/** A workflow as the contract has it. */
export function workflowMessage(row: ShownWorkflow, stepRuns: readonly StepRunRow[] = []): Workflow {
  return create(WorkflowSchema, {
    id: row.id,
    pipelineId: row.pipeline_id ?? "0",
    name: row.name,
    kind: workKindOf(row.kind),
    state: workflowStateOf(row.state),
    blockReason: blockReasonOf(row.block_reason),
    endReason: endReasonOf(row.end_reason),
    error: row.error,
    labels: row.labels,
    matrix: row.matrix,
    dependsOn: row.depends_on,
    agent: row.agent_name ?? "",
    epoch: row.epoch,
    attempt: row.attempt,
    cancelRequested: row.cancel_requested_at !== null,
    canceledBy: row.canceled_by ?? "",
    timeoutMs: row.timeout_ms,
    priority: row.priority,
    notBefore: timestampOf(row.not_before),
    // Stored with the repository whose group it is.
    concurrencyGroup: row.concurrency_group?.split("\n").at(-1) ?? "",
    retries: row.retries,
    retryOf: row.retry_of ?? "0",
    needsApproval: row.needs_approval,
    approvedBy: row.approved_by ?? "",
    approvedAt: timestampOf(row.approved_at),
    secretsGranted: row.secrets_granted,
    stepRuns: stepRuns.map(stepRunMessage),
    createdAt: timestampOf(row.created_at),
    queuedAt: timestampOf(row.queued_at),
    startedAt: timestampOf(row.started_at),
    finishedAt: timestampOf(row.finished_at),
  });
}

function stepRunMessage(row: StepRunRow): StepRun {
  return create(StepRunSchema, {
    id: row.id,
    ref: { workflowId: row.workflow_id, epoch: row.epoch, step: row.step, try: row.try },
    state: stepStateOf(row.state),
    ...(row.exit_code !== null && { exitCode: row.exit_code }),
    signal: row.signal,
    error: row.error,
    lineCount: Number(row.next_line),
    startedAt: timestampOf(row.started_at),
    finishedAt: timestampOf(row.finished_at),
  });
}

/** A transition as the contract has it. */
export function workflowEventMessage(row: WorkflowEventRow): WorkflowEvent {
  return create(WorkflowEventSchema, {
    from: row.from_state === null ? WorkflowState.UNSPECIFIED : workflowStateOf(row.from_state),
    to: workflowStateOf(row.to_state),
    reason: endReasonOf(row.reason),
    epoch: row.epoch,
    actor: row.actor,
    replica: row.replica,
    at: timestampOf(row.at),
  });
}
