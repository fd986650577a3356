import type { RetryPlan, SourceFile } from "@groundcrew/pipeline";
import type { JsonObject } from "@bufbuild/protobuf";
import type { DeclaredParts, RunState, Spec, StageOverrides } from "@groundcrew/vetting";
import type { ColumnType, Generated, GeneratedAlways } from "kysely";
import type { StoredTrigger, WorkflowPlanRow } from "../workflows/plan.ts";

/** A bigint column: postgres.js reads it as a decimal string, as the contract has it. */
type Id = string;
type Timestamp = ColumnType<Date, Date | string | undefined, Date | string>;
type NullableTimestamp = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
/** A jsonb column: read as a value, written with json() of db/json.ts. */
type Json<T> = ColumnType<T, string, string>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

/** The states of a workflow, as stored. */
export type WorkflowStateName =
  | "blocked"
  | "queued"
  | "leased"
  | "running"
  | "succeeded"
  | "failed"
  | "canceled"
  | "timed_out"
  | "lost"
  | "skipped";

/** Why a blocked workflow is blocked, as stored. */
export type BlockReasonName = "dependency" | "approval" | "delay" | "limit" | "holding";

/** The states of a step run, as stored. */
export type StepStateName =
  | "pending"
  | "running"
  | "succeeded"
  | "failed"
  | "canceled"
  | "timed_out"
  | "skipped"
  | "lost";

/** The closed list of reasons, as stored: EndReason's names in lower case. */
export type EndReasonName =
  | "completed"
  | "step_failed"
  | "step_not_started"
  | "step_timeout"
  | "workflow_timeout"
  | "canceled"
  | "agent_lost"
  | "agent_restarted"
  | "agent_removed"
  | "handed_back"
  | "grant_lost"
  | "dependency"
  | "vetting_failed"
  | "vetting_error"
  | "agent_error"
  | "queue_timeout"
  | "replaced"
  | "secret_unavailable"
  | "declined";

/** When a dependency lets its workflow go on, as stored. */
export type DependencyConditionName = "success" | "failure" | "always";

/** What is paused, as stored. */
export type PauseScopeName = "queue" | "repository" | "agent";

/** The tables, as kysely sees them. The migrations are the truth; this follows them. */
export interface Database {
  liveness: { only_row: Generated<boolean>; alive_at: Timestamp; up_since: Timestamp };
  tokens: TokensTable;
  machines: MachinesTable;
  agents: AgentsTable;
  pipelines: PipelinesTable;
  label_classes: {
    id: GeneratedAlways<number>;
    kind: WorkKindName;
    labels: Json<Record<string, string>>;
    machine_id: string | null;
    owner: Generated<string>;
    repository: Generated<string>;
    trusted: Generated<boolean>;
    /** Equal for classes that differ only in whose work they are. */
    pool: GeneratedAlways<string>;
  };
  workflows: WorkflowsTable;
  workflow_uploads: UploadsTable;
  workflow_parents: { child_id: Id; parent_id: Id; condition: Generated<DependencyConditionName> };
  leases: { epoch: Id; workflow_id: Id; agent_id: string; granted_at: Timestamp; ended_at: NullableTimestamp };
  workflow_events: {
    id: GeneratedAlways<Id>;
    workflow_id: Id;
    at: Timestamp;
    from_state: WorkflowStateName | null;
    to_state: WorkflowStateName;
    reason: EndReasonName | null;
    epoch: Id;
    actor: string;
    replica: Generated<string>;
  };
  /** Without an owner: the newest turn that was leased. */
  fair_turns: { pool: string; owner: string | null; turn: Id };
  pauses: PausesTable;
  secrets: SecretsTable;
  /** PEM of the public key; the private one sealed as secrets are. */
  attestation_keys: { id: string; public_key: string; key_id: string; sealed: Uint8Array; created_at: Timestamp };
  secret_events: SecretEventsTable;
  reflectors: {
    id: GeneratedAlways<Id>;
    host: string;
    /** Of slot 0; slot n listens on the n-th after it. */
    port: number;
    slots: number;
    /** Null: not declared. */
    capacity_bits_per_second: ColumnType<string | null, string | null | undefined, string | null>;
    /** The process that runs it. Empty: somebody added it. */
    replica: Generated<string>;
    added_by: string;
    created_at: Timestamp;
  };
  reflector_leases: { reflector_id: Id; slot: number; workflow_id: Id; leased_at: Timestamp; expires_at: Timestamp };
  directives: DirectivesTable;
  replicas: { name: string; started_at: Timestamp; alive_at: Timestamp };
  maintenance: { only_row: Generated<boolean>; replica: Generated<string>; term: Generated<Id>; until: Timestamp };
  step_runs: StepRunsTable;
  log_chunks: {
    step_run_id: Id;
    first_line: Id;
    line_count: number;
    lost_before: ColumnType<Id, Id | number | undefined, Id>;
    data: Uint8Array;
    created_at: Timestamp;
    /** That of its step run. */
    log_day: Timestamp;
  };
  log_archives: {
    step_run_id: Id;
    object_key: string;
    /** Null until the object is whole. */
    frames: ColumnType<FrameRow[] | null, undefined, string>;
    created_at: Timestamp;
  };
  samples: { workflow_id: Id; epoch: Id; at: Timestamp; kind: string; key: string; value: number; unit: string };
  blobs: {
    id: GeneratedAlways<Id>;
    workflow_id: Id;
    step_run_id: Id | null;
    name: string;
    content_type: string;
    size: Id;
    sha256: Uint8Array;
    created_at: Timestamp;
    kind: Generated<"evidence" | "artifact">;
  };
  caches: CachesTable;
  /** Files that a row named and none may name any more. */
  unnamed_blobs: { sha256: Uint8Array; since: Timestamp };
  test_results: TestResultsTable;
  vetting_runs: {
    workflow_id: Id;
    machine_id: string;
    profile_name: string;
    run: Json<RunState>;
    /** When each stage started and was judged, ISO 8601 by the database's clock. */
    stage_times: ColumnType<StageTimes, string | undefined, string>;
    report_blob_id: Id | null;
    /** The kernel's boot id that its agent told last. Empty: none yet. */
    boot_id: Generated<string>;
    /** Since when the stage it is at runs. Null: none does. */
    open_since: NullableTimestamp;
    held_since: NullableTimestamp;
    held_until: NullableTimestamp;
    override: NullableJson<Override>;
    interruption: NullableJson<Interrupted>;
    canceling: NullableJson<CanceledStage>;
    /** The machine is to be switched off when the run has ended, because an operator said so. */
    power_off: Generated<boolean>;
    batch_id: Id | null;
    /** Its machine's label `rack` when it was started in a batch. */
    rack: Generated<string>;
    /** What its machine draws, when it was started in a batch. */
    watts: Generated<number>;
    /** The specification's name. Empty: it has none. */
    spec_name: Generated<string>;
    spec: NullableJson<StoredSpec>;
    /** Model and firmware of its machine. Empty until its inventory is judged, or where that does not tell. */
    cohort: Generated<string>;
  };
  vetting_hold_keys: HoldKeysTable;
  vetting_batches: VettingBatchesTable;
  vetting_figures: { workflow_id: Id; stage: string; metric: string; unit: string; value: number };
  specs: { name: string; content: string; spec: Json<Spec>; set_by: string; updated_at: Timestamp };
}

/** What an operator allowed one run of a stage, bound to that run: no other gets it. */
interface Override {
  epoch: string;
  stage: string;
  try: number;
  overrides: StageOverrides;
}

/** A machine that started anew in a stage, until its agent has told what is left of that. */
interface Interrupted {
  stage: string;
  /** The boot ids. */
  from: string;
  to: string;
}

/** The run of a stage that an operator stopped. */
interface CanceledStage {
  epoch: string;
  stage: string;
  try: number;
  by: string;
}

/** Keys to machines that are held, while they are. */
interface HoldKeysTable {
  workflow_id: Id;
  public_key: string;
  key_id: string;
  /** The encrypted private key, as secrets/seal.ts writes it. */
  sealed: Uint8Array;
  created_at: Timestamp;
}

/** What a run compares its machine with: the model's specification, and what was declared of the machine itself. */
export interface StoredSpec {
  /** Absent: only what was declared is compared. */
  spec?: Spec;
  declared: DeclaredParts;
}

interface VettingBatchesTable {
  id: GeneratedAlways<Id>;
  profile_name: string;
  /** Null: any number. */
  per_rack: number | null;
  max_watts: number | null;
  stagger_ms: Generated<number>;
  created_by: string;
  created_at: Timestamp;
  /** When a run was let into the queue last. */
  admitted_at: NullableTimestamp;
}

interface CachesTable {
  id: GeneratedAlways<Id>;
  repository: string;
  /** The untrusted pipeline that alone reads it. 0: all of the repository do. */
  pipeline_id: Id;
  key: string;
  size: Id;
  sha256: Uint8Array;
  created_at: Timestamp;
  last_used_at: Timestamp;
}

interface TestResultsTable {
  step_run_id: Id;
  tests: number;
  failures: number;
  errors: number;
  skipped: number;
  duration_ms: Id;
  /** What is listed, as the contract's JSON of TestResults without the counts. */
  details: Json<JsonObject>;
}

/** A frame of a moved log, in order: its first line, its lines, the lines lost before them, its size in bytes. */
export type FrameRow = [firstLine: number, lineCount: number, lostBefore: number, bytes: number];

/** When each stage started and was judged. */
export type StageTimes = Record<string, { startedAt?: string; finishedAt?: string }>;

/** The kinds of work, as stored. */
export type WorkKindName = "build" | "vetting";

/** Whose work an agent may take. Empty lists: anybody's. */
interface Grants {
  grant_owners: Generated<string[]>;
  grant_repositories: Generated<string[]>;
  grant_untrusted: Generated<boolean>;
}

interface UploadsTable {
  /** The workflow whose step sent them. */
  workflow_id: Id;
  /** SHA-256 of the files. */
  digest: Uint8Array;
  pipeline_id: Id;
  epoch: Id;
  step: string;
  files: Json<{ path: string; content: string }[]>;
  added: Json<{ id: string; name: string }[]>;
  created_at: Timestamp;
}

interface PausesTable {
  scope: PauseScopeName;
  /** The repository, or the agent's id. Empty for the queue. */
  target: string;
  paused_by: string;
  reason: string;
  paused_at: Timestamp;
}

/** Who has a secret, as stored: all repositories of an owner, or one repository. */
export type SecretScopeName = "owner" | "repository";

interface SecretsTable {
  id: GeneratedAlways<Id>;
  scope: SecretScopeName;
  target: string;
  name: string;
  /** The events whose pipelines get it. Empty: all. */
  events: string[];
  key_id: string;
  /** The encrypted value, as secrets/seal.ts writes it. */
  sealed: Uint8Array;
  set_by: string;
  created_at: Timestamp;
  updated_at: Timestamp;
}

/** What was done with a secret. */
export type SecretActionName = "set" | "remove" | "use" | "rotate";

interface SecretEventsTable {
  id: GeneratedAlways<Id>;
  at: Timestamp;
  action: SecretActionName;
  /** Null: all secrets. */
  scope: SecretScopeName | null;
  target: Generated<string>;
  name: Generated<string>;
  /** A token's name; of a use the agent's. */
  actor: string;
  /** Of a use: whose. */
  workflow_id: Id | null;
  epoch: Id | null;
  /** Of a rotation: the key since then. */
  key_id: Generated<string>;
}

interface DirectivesTable {
  id: GeneratedAlways<Id>;
  agent_id: string;
  /** The generation it is meant for. */
  generation: Id;
  action: Json<DirectiveAction>;
  created_by: string;
  created_at: Timestamp;
  acknowledged_at: NullableTimestamp;
  /** Why the agent refused it. */
  refused: Generated<string>;
}

/** What a directive says, as stored. */
export type DirectiveAction =
  | { kind: "drain" }
  | { kind: "shut_down"; reason: string }
  | ({ kind: "cancel_stage"; workflowId: string } & CanceledStage)
  | { kind: "power_off"; workflowId: string; reason: string };

interface TokensTable extends Grants {
  id: Generated<string>;
  name: string;
  kind: "enrolment" | "operator";
  role: "viewer" | "operator" | "admin" | null;
  hash: Uint8Array;
  single_use: Generated<boolean>;
  created_at: Timestamp;
  created_by: string;
  expires_at: NullableTimestamp;
  last_used_at: NullableTimestamp;
  /** When a single-use token enrolled its agent. */
  used_up_at: NullableTimestamp;
  revoked_at: NullableTimestamp;
}

interface MachinesTable {
  id: Generated<string>;
  system_uuid: string;
  board_serial: string;
  macs: string[];
  vendor: string;
  product: string;
  serial: string;
  hostname: string;
  created_at: Timestamp;
  /** What an operator calls it. Empty: nothing. */
  name: Generated<string>;
  labels: ColumnType<Record<string, string>, string | undefined, string>;
  power_watts: number | null;
  spec_name: string | null;
  /** What it was delivered with. */
  declared: ColumnType<Partial<DeclaredParts>, string | undefined, string>;
  /** Who registered it. Empty: it appeared with its first agent. */
  registered_by: Generated<string>;
  approval: Generated<MachineApprovalName>;
  approved_by: Generated<string>;
  /** What is doubtful about who it is. */
  trouble: Generated<string>;
  /** The trouble that an operator approved it with. */
  accepted_trouble: Generated<string>;
}

/** Whether a machine may be vetted, as stored. */
export type MachineApprovalName = "pending" | "approved" | "rejected";

interface AgentsTable extends Grants {
  id: Generated<string>;
  name: string;
  serves: WorkKindName;
  platform: string;
  backend: string;
  version: string;
  capacity: number;
  labels: Json<Record<string, string>>;
  /** What it says of itself where an operator has said otherwise. Null: it is as it says. */
  own_labels: NullableJson<Record<string, string>>;
  own_capacity: number | null;
  capabilities: string[];
  machine_id: string;
  boot_id: string;
  /** Null: reset by an operator; may enrol anew. */
  credential_hash: Uint8Array | null;
  /** The token it enrolled with. */
  enrolled_by: string | null;
  generation: Generated<Id>;
  lifecycle: Generated<"ready" | "draining" | "terminated">;
  load_1m: Generated<number>;
  recent_log: Generated<string[]>;
  created_at: Timestamp;
  registered_at: Timestamp;
  last_seen_at: NullableTimestamp;
  disconnected_at: NullableTimestamp;
}

interface PipelinesTable {
  id: GeneratedAlways<Id>;
  name: string;
  file_path: string;
  file_content: string;
  /** Those after the first. */
  more_files: ColumnType<SourceFile[], string | undefined, string>;
  trigger: ColumnType<StoredTrigger, string | undefined, string>;
  repository: string;
  commit: string;
  branch: string;
  env: Json<Record<string, string>>;
  submitted_by: string;
  idempotency_key: string | null;
  created_at: Timestamp;
}

interface WorkflowsTable {
  id: GeneratedAlways<Id>;
  pipeline_id: Id | null;
  kind: WorkKindName;
  name: string;
  matrix: Json<Record<string, string>>;
  depends_on: string[];
  class_id: number;
  priority: Generated<number>;
  /** Its turn among the owners: within a priority, smaller goes first. */
  fair_key: Generated<Id>;
  not_before: NullableTimestamp;
  queue_timeout_ms: number | null;
  /** When it ends by its queue timeout, unless it started before. */
  queue_deadline: NullableTimestamp;
  /** The group that limits how many run at once. */
  concurrency_group: string | null;
  concurrency_limit: number | null;
  /** It takes the place of those that came before it in its group. */
  concurrency_cancels: Generated<boolean>;
  retry: ColumnType<RetryPlan | null, string | null | undefined, string | null>;
  /** Automatic retries used. */
  retries: Generated<number>;
  /** The workflow that an operator retried with this one. */
  retry_of: Id | null;
  /** The idempotency key of the pipeline's retry that made it. */
  retry_key: string | null;
  /** It runs only once an operator has approved it. */
  needs_approval: Generated<boolean>;
  approved_by: string | null;
  approved_at: NullableTimestamp;
  /** It was approved with secrets, although it is a stranger's. */
  secrets_granted: Generated<boolean>;
  plan: Json<WorkflowPlanRow>;
  timeout_ms: number;
  on_agent_lost: "requeue" | "fail" | "resume";
  state: WorkflowStateName;
  block_reason: BlockReasonName | null;
  parents_left: Generated<number>;
  epoch: Generated<Id>;
  attempt: Generated<number>;
  /** How often its agent was lost while it ran. */
  losses: Generated<number>;
  agent_id: string | null;
  agent_name: string | null;
  poll_id: string | null;
  /** The agent said that it knows of the grant. */
  received: Generated<boolean>;
  leased_at: NullableTimestamp;
  expires_at: NullableTimestamp;
  deadline: NullableTimestamp;
  cancel_requested_at: NullableTimestamp;
  canceled_by: string | null;
  end_reason: EndReasonName | null;
  error: Generated<string>;
  /** What its steps handed on, by name. */
  outputs: ColumnType<Record<string, string> | null, string | null | undefined, string | null>;
  created_at: Timestamp;
  queued_at: NullableTimestamp;
  started_at: NullableTimestamp;
  finished_at: NullableTimestamp;
}

interface StepRunsTable {
  id: GeneratedAlways<Id>;
  workflow_id: Id;
  epoch: Id;
  step: string;
  try: number;
  state: StepStateName;
  sequence: ColumnType<Id, number | undefined, number>;
  /** Lines stored; the next line wanted. */
  next_line: ColumnType<Id, number | undefined, number>;
  /** The CRC-32 of the lines stored, each with a newline after it. */
  log_crc32: ColumnType<Id, number | undefined, number>;
  /** The day it was first heard of, by UTC: which table has its log chunks. */
  log_day: Timestamp;
  /** Its log is in the object store, or empty for good: no chunk is needed any more. */
  log_moved: Generated<boolean>;
  exit_code: number | null;
  signal: Generated<string>;
  error: Generated<string>;
  started_at: NullableTimestamp;
  finished_at: NullableTimestamp;
  /** When it has run for too long, by the database's clock. */
  deadline: NullableTimestamp;
}
