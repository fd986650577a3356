import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { Access, TokenKind, WorkKind } from "@groundcrew/proto";
import type { Agent, Machine, Pipeline, Token, VettingRun, Workflow, WorkflowEvent } from "@groundcrew/proto";
import { formatAge } from "../terminal/duration.ts";
import type { Cell, Column } from "../terminal/table.ts";
import { connectionLook, endReasonText, workflowLook, type Look } from "./looks.ts";
import { sourceText, workflowNote } from "./pipeline.ts";
import { machineText, vettingLook } from "./vetting.ts";
import { elapsedText } from "./view.ts";

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
      { title: "TOOK", align: right },
      { title: "AGENT", flexible: true },
      { title: "NOTE", flexible: true },
    ],
    rows: workflows.map((each) => [
      each.id,
      each.kind === WorkKind.VETTING ? "vetting" : each.pipelineId,
      each.name,
      stateCell(workflowLook(each.state)),
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
      { title: "WHY", flexible: true },
    ],
    rows: events.map((each) => [
      timeText(each.at),
      each.from === 0 ? "" : workflowLook(each.from).word,
      stateCell(workflowLook(each.to)),
      each.epoch === "0" ? "" : each.epoch,
      each.actor,
      endReasonText(each.reason),
    ]),
  };
}

/** A moment, exactly. Empty when there was none. */
export function timeText(at: Timestamp | undefined): string {
  return at ? new Date(timestampMs(at)).toISOString() : "";
}

/** Agents, one a row. */
export function agentTable(agents: Agent[], nowMs: number): Table {
  return {
    columns: [
      { title: "NAME", flexible: true },
      { title: "SERVES" },
      { title: "CONNECTION" },
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
      `${each.busy}/${each.capacity}`,
      each.load1m.toFixed(2),
      pairsText(each.labels),
      each.platform,
      each.version,
      ageText(each.lastSeenAt, nowMs),
    ]),
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

/** Machines, one a row. */
export function machineTable(machines: Machine[], nowMs: number): Table {
  return {
    columns: [
      { title: "ID" },
      { title: "HOST", flexible: true },
      { title: "PRODUCT", flexible: true },
      { title: "SERIAL", flexible: true },
      { title: "AGENTS", flexible: true },
      { title: "VETTED" },
      { title: "RUN", align: right },
      { title: "SEEN FIRST" },
    ],
    rows: machines.map((each) => [
      each.id,
      each.identity?.hostname ?? "",
      [each.identity?.vendor, each.identity?.product].filter(Boolean).join(" "),
      each.identity?.serial ?? "",
      each.agents.join(","),
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
