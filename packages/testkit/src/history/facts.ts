/** A workflow as its row says. Times are milliseconds since 1970 by the database's clock, here and below. */
export interface WorkflowFact {
  id: string;
  pipelineId: string | null;
  name: string;
  state: string;
  endReason: string | null;
  epoch: string;
  attempt: number;
  onAgentLost: string;
  timeoutMs: number;
  cancelRequested: boolean;
  parents: readonly { id: string; condition: string }[];
  group: string | null;
  groupLimit: number | null;
  createdMs: number;
  /** The workflow that an operator retried with this one. */
  retryOf: string | null;
}

/** One transition, as stored. In the order they were written. */
export interface EventFact {
  workflow: string;
  from: string | null;
  to: string;
  reason: string | null;
  epoch: string;
  actor: string;
  atMs: number;
}

/** Who was given which epoch. */
export interface LeaseFact {
  epoch: string;
  workflow: string;
  agent: string;
  ended: boolean;
}

/** One step run with the lines that are stored of it. */
export interface StepRunFact {
  id: string;
  workflow: string;
  epoch: string;
  step: string;
  state: string;
  nextLine: number;
  chunks: readonly { firstLine: number; lineCount: number; lostBefore: number }[];
}

/** What the database says happened. */
export interface StoredFacts {
  workflows: readonly WorkflowFact[];
  events: readonly EventFact[];
  leases: readonly LeaseFact[];
  stepRuns: readonly StepRunFact[];
}

/** What a step is to do. */
export interface StepPlanFact {
  name: string;
  /** How many numbered lines it prints. */
  lines: number;
  exitCode: number;
  /** What it takes when nothing disturbs it, in milliseconds. */
  takesMs: number;
  /** 0: none. */
  timeoutMs: number;
}

/** What a workflow is to do. */
export interface WorkflowPlanFact {
  name: string;
  /** Its start is delayed by this. 0: not at all. */
  delayMs: number;
  /** It gives up when it has waited this long for an agent. 0: never. */
  queueTimeoutMs: number;
  /** How often a failure or a timeout is tried again. */
  retryMax: number;
  steps: readonly StepPlanFact[];
}

/** A line that a step wrote to a file of its own, past agent and server. */
export interface OutputFact {
  kind: "start" | "tick" | "end";
  workflow: string;
  epoch: string;
  step: string;
  agent: string;
  atMs: number;
}

/** What a reader gets of a step run's log. */
export interface LogFact {
  stepRun: string;
  workflow: string;
  epoch: string;
  step: string;
  /** What the step itself printed, without the agent's remarks. */
  lines: readonly string[];
}

/** What was done to a process or a connection, and when. */
export interface DisturbanceFact {
  /**
   * Whom it keeps from working: an agent, by its name; "replicas", some but not all of them; "servers", all of them, as
   * when Postgres is away; or "all", when somebody takes calls and does not answer: any agent may be waiting there.
   */
  subject: string;
  how: string;
  /** From right before it began. */
  fromMs: number;
  /** To right after it was undone. */
  toMs: number;
  /** By when everybody has noticed: who could not reach the other tries again later and later. */
  wellMs: number;
}

/** A cancel that somebody asked for. */
export interface CancelFact {
  workflows: readonly string[];
  askedMs: number;
  /** When it was acknowledged. Undefined: never. */
  ackedMs?: number;
}

/** A pause that was in force: from its acknowledgement to when its end was asked for. */
export interface PauseFact {
  scope: "queue" | "agent";
  /** The agent's name. Empty for the queue. */
  target: string;
  fromMs: number;
  toMs: number;
}

/** An agent process that was told to drain. */
export interface DrainFact {
  agent: string;
  fromMs: number;
  toMs: number;
  /** Undefined: a signal ended it. */
  exitCode: number | undefined;
  /** The longest it may take, in milliseconds. */
  limitMs: number;
}

/** An agent process that was killed, and the next one. */
export interface RestartFact {
  agent: string;
  killedMs: number;
  /** When the next one had registered. */
  registeredMs: number;
}

/** An answer to "why does it wait", with what was true right before and right after. */
export interface ExplainFact {
  workflow: string;
  /** The kinds of its reasons. */
  reasons: readonly string[];
  /** What must be among them, if the workflow stood still meanwhile. */
  expected: readonly string[];
}

/** What was seen from outside of servers and agents. */
export interface WitnessedFacts {
  ttlMs: number;
  /** How late a busy machine may be, in milliseconds. */
  slackMs: number;
  /** Pipelines whose submission was acknowledged, and their workflows. */
  accepted: readonly { pipeline: string; workflows: readonly string[] }[];
  /** Plans by workflow id. */
  plans: ReadonlyMap<string, WorkflowPlanFact>;
  outputs: readonly OutputFact[];
  logs: readonly LogFact[];
  disturbances: readonly DisturbanceFact[];
  cancels: readonly CancelFact[];
  pauses: readonly PauseFact[];
  drains: readonly DrainFact[];
  restarts: readonly RestartFact[];
  explained: readonly ExplainFact[];
  /** Processes and workspaces of steps that were there when everything had ended, for messages. */
  leftovers: readonly string[];
  /** Programs that ended though nobody asked them to. */
  deaths: readonly string[];
}

/** Everything that is known about a stretch of time. */
export type Facts = StoredFacts & WitnessedFacts;

/** The states a workflow never leaves. */
const TERMINAL: ReadonlySet<string> = new Set(["succeeded", "failed", "canceled", "timed_out", "lost", "skipped"]);

/** Whether a state is an end. */
export function isTerminal(state: string): boolean {
  return TERMINAL.has(state);
}

/** A workflow, for messages. */
export function nameOf({ id, name }: Pick<WorkflowFact, "id" | "name">): string {
  return `workflow ${id} (${name})`;
}
