import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { Access, DesiredState, MachineApproval, PauseScope, TokenKind, WorkKind } from "@groundcrew/proto";
import type {
  Agent,
  AgentGrants,
  Machine,
  PauseInfo,
  Pipeline,
  Token,
  VettingRun,
  Workflow,
  WorkflowEvent,
} from "@groundcrew/proto";
import { formatAge } from "../terminal/duration.ts";
import type { Cell, Column } from "../terminal/table.ts";
import { connectionLook, endReasonText, workflowLook, type Look } from "./looks.ts";
import { sourceText, workflowNote } from "./pipeline.ts";
import { machineText, vettingLook } from "./vetting.ts";
import { elapsedText, timeText } from "./view.ts";

/** A table before it is laid out. */
export interface Table {
  columns: Column[];
  rows: Cell[][];
}

const right = "right" as const;

/** How long ago a moment was. Empty when there was none. */
export function ageText(at: Timestamp | undefined, nowMs: number): string {
  return at ? formatAge(nowMs - timestampMs(at)) : "";
}

const stateCell = ({ word, colour }: Look): Cell => ({ text: word, look: colour });

/** Pipelines, one a row. */
export function pipelineTable(pipelines: Pipeline[], nowMs: number): Table {
  return {
    columns: [
      { title: "ID", align: right },
      { title: "NAME", flexible: true },
      { title: "STATE" },
      { title: "ENDED", align: right },
      { title: "TOOK", align: right },
      { title: "SOURCE", flexible: true },
      { title: "BY", flexible: true },
      { title: "SUBMITTED" },
    ],
    rows: pipelines.map((each) => [
      each.id,
      each.name,
      stateCell(workflowLook(each.state)),
      `${each.endedCount}/${each.workflowCount}`,
      elapsedText(each, nowMs),
      sourceText(each),
      each.submittedBy,
      ageText(each.createdAt, nowMs),
    ]),
  };
}

/** Workflows, one a row. */
export function workflowTable(workflows: Workflow[], nowMs: number): Table {
  return {
    columns: [
      { title: "ID", align: right },
      { title: "PIPELINE", align: right },
      { title: "NAME", flexible: true },
      { title: "STATE" },
      { title: "PRIO", align: right },
      { title: "TOOK", align: right },
      { title: "AGENT", flexible: true },
      { title: "NOTE", flexible: true },
    ],
    rows: workflows.map((each) => [
      each.id,
      each.kind === WorkKind.VETTING ? "vetting" : each.pipelineId,
      each.name,
      stateCell(workflowLook(each.state)),
      String(each.priority),
      elapsedText(each, nowMs),
      each.agent,
      workflowNote({ ...each, agent: "" }), // which has a column of its own
    ]),
  };
}

/** The transitions of a workflow, one a row. */
export function eventTable(events: WorkflowEvent[]): Table {
  return {
    columns: [
      { title: "AT" },
      { title: "FROM" },
      { title: "TO" },
      { title: "EPOCH", align: right },
      { title: "BY" },
      { title: "REPLICA" },
      { title: "WHY", flexible: true },
    ],
    rows: events.map((each) => [
      timeText(each.at),
      each.from === 0 ? "" : workflowLook(each.from).word,
      stateCell(workflowLook(each.to)),
      each.epoch === "0" ? "" : each.epoch,
      each.actor,
      each.replica,
      endReasonText(each.reason),
    ]),
  };
}

/** Agents, one a row. */
export function agentTable(agents: Agent[], nowMs: number): Table {
  return {
    columns: [
      { title: "NAME", flexible: true },
      { title: "SERVES" },
      { title: "CONNECTION" },
      { title: "DUTY" },
      { title: "BUSY", align: right },
      { title: "LOAD", align: right },
      { title: "LABELS", flexible: true },
      { title: "PLATFORM" },
      { title: "VERSION" },
      { title: "SEEN" },
    ],
    rows: agents.map((each) => [
      each.name,
      kindText(each.serves),
      stateCell(connectionLook(each.connection)),
      dutyText(each),
      `${each.busy}/${each.capacity}`,
      each.load1m.toFixed(2),
      pairsText(each.labels),
      each.platform,
      each.version,
      ageText(each.lastSeenAt, nowMs),
    ]),
  };
}

// What an operator has it do, in a word. Empty: take work.
function dutyText({ desiredState, pause }: Agent): string {
  if (desiredState === DesiredState.TERMINATED) return "terminated";
  if (desiredState === DesiredState.DRAINING) return "draining";
  return pause ? "paused" : "";
}

/** Whose work an agent may take, after "work of". */
export function grantsText(grants: AgentGrants | undefined): string {
  const { owners = [], repositories = [], untrusted = false } = grants ?? {};
  const limits = [named("owner", owners), named("repository", repositories)].filter(Boolean);
  if (limits.length === 0) return untrusted ? "anybody, strangers included" : "anybody trusted";
  return limits.join(", and of ") + (untrusted ? ", strangers included" : "");
}

function named(what: string, names: string[]): string {
  return names.length === 0 ? "" : `${what} ${names.join(" or ")}`;
}

/** What is paused, in words. */
export function pauseText({ scope, target }: Pick<PauseInfo, "scope" | "target">): string {
  switch (scope) {
    case PauseScope.REPOSITORY:
      return `repository ${target}`;
    case PauseScope.AGENT:
      return `agent ${target}`;
    default:
      return "the queue";
  }
}

/** Pauses, one a row. */
export function pauseTable(pauses: PauseInfo[], nowMs: number): Table {
  return {
    columns: [
      { title: "PAUSED", flexible: true },
      { title: "BY" },
      { title: "WHY", flexible: true },
      { title: "SINCE" },
    ],
    rows: pauses.map((each) => [pauseText(each), each.pausedBy, each.reason, ageText(each.pausedAt, nowMs)]),
  };
}

/** What kind of work, in a word. */
export function kindText(kind: WorkKind): string {
  return kind === WorkKind.VETTING ? "vetting" : "build";
}

/** Labels as they are written on a command line. */
export function pairsText(pairs: Record<string, string>): string {
  return Object.entries(pairs)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/** Whether a machine may be vetted, in a word or two. */
export function approvalText(approval: MachineApproval): string {
  if (approval === MachineApproval.PENDING) return "waits";
  return approval === MachineApproval.REJECTED ? "rejected" : "yes";
}

/** Machines, one a row. */
export function machineTable(machines: Machine[], nowMs: number): Table {
  return {
    columns: [
      { title: "ID" },
      { title: "NAME", flexible: true },
      { title: "HOST", flexible: true },
      { title: "PRODUCT", flexible: true },
      { title: "SERIAL", flexible: true },
      { title: "LABELS", flexible: true },
      { title: "AGENTS", flexible: true },
      { title: "MAY BE VETTED" },
      { title: "VETTED" },
      { title: "RUN", align: right },
      { title: "SEEN FIRST" },
    ],
    rows: machines.map((each) => [
      each.id,
      each.name,
      each.identity?.hostname ?? "",
      [each.identity?.vendor, each.identity?.product].filter(Boolean).join(" "),
      each.identity?.serial ?? "",
      pairsText(each.labels),
      each.agents.join(","),
      approvalText(each.approval),
      each.vettingState === undefined ? "never" : stateCell(workflowLook(each.vettingState)),
      each.vettingRunId === "0" ? "" : each.vettingRunId,
      ageText(each.createdAt, nowMs),
    ]),
  };
}

/** Vetting runs, one a row. */
export function vettingTable(runs: VettingRun[], nowMs: number): Table {
  return {
    columns: [
      { title: "ID", align: right },
      { title: "MACHINE", flexible: true },
      { title: "PROFILE" },
      { title: "VERDICT" },
      { title: "STAGE" },
      { title: "TOOK", align: right },
      { title: "SUBMITTED" },
    ],
    rows: runs.map((each) => [
      each.id,
      machineText(each),
      each.profile,
      stateCell(vettingLook(each)),
      each.stage,
      each.workflow ? elapsedText(each.workflow, nowMs) : "",
      ageText(each.workflow?.createdAt, nowMs),
    ]),
  };
}

const roleNames: Record<number, string> = {
  [Access.VIEWER]: "viewer",
  [Access.OPERATOR]: "operator",
  [Access.ADMIN]: "admin",
};

/** An operator's role, in a word. */
export function roleText(role: Access): string {
  return roleNames[role] ?? "unknown";
}

/** Tokens, one a row. */
export function tokenTable(tokens: Token[], nowMs: number): Table {
  return {
    columns: [
      { title: "ID" },
      { title: "NAME", flexible: true },
      { title: "FOR" },
      { title: "STATE" },
      { title: "ENDS" },
      { title: "USED" },
      { title: "MADE" },
    ],
    rows: tokens.map((each) => [
      each.id,
      each.name,
      each.kind === TokenKind.ENROLMENT ? enrolmentText(each) : roleText(each.role),
      tokenState(each, nowMs),
      timeText(each.expiresAt) || "never",
      ageText(each.lastUsedAt, nowMs) || "never",
      ageText(each.createdAt, nowMs),
    ]),
  };
}

function enrolmentText({ singleUse }: Token): string {
  return singleUse ? "one agent" : "many agents";
}

function tokenState(token: Token, nowMs: number): Cell {
  if (token.revokedAt) return { text: "revoked", look: "dim" };
  const expired = token.expiresAt !== undefined && timestampMs(token.expiresAt) <= nowMs;
  return expired ? { text: "expired", look: "dim" } : { text: "valid", look: "green" };
}
