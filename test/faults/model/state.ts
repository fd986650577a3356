import type { EndReasonName, WorkflowStateName } from "../../../apps/server/src/db/schema.ts";
import type { Disturbance, Scenario } from "./scenario.ts";

// Everything in a state is immutable: what changes is made anew, and the rest is shared.

/** A workflow's row. */
export interface Row {
  state: WorkflowStateName;
  parentsLeft: number;
  /** 0: never leased. */
  epoch: number;
  agent: number | null;
  poll: number | null;
  /** The agent said that it knows of the grant. */
  received: boolean;
  /** What has passed of its lease: the time to receive the grant, or all of it. */
  due: "no" | "grant" | "lease";
  cancelRequested: boolean;
  losses: number;
  retries: number;
  endReason: EndReasonName | null;
}

/** What happened to a workflow: a transition that was stored, or something its step did, past agent and server. */
export type Entry =
  | {
      kind: "transition";
      from: WorkflowStateName | null;
      to: WorkflowStateName;
      reason: EndReasonName | null;
      epoch: number;
      /** Null: the server, or a person. */
      agent: number | null;
    }
  | { kind: "start" | "end"; epoch: number; agent: number };

/** Who was given which epoch. */
interface LeaseRow {
  epoch: number;
  workflow: number;
  agent: number;
  ended: boolean;
}

/** The database. */
export interface Database {
  rows: readonly Row[];
  leases: readonly LeaseRow[];
  nextEpoch: number;
  /** The newest generation of each agent. */
  generations: readonly number[];
  /** Servers have been up for a TTL without a gap. */
  upLong: boolean;
  /** What happened to each workflow, in order. */
  histories: readonly (readonly Entry[])[];
}

/** An agent's process. */
export type Process =
  /** Not there, or not registered yet. */
  | { kind: "down" }
  /** Asks for work, under one poll until it is answered. */
  | { kind: "asking"; generation: number; poll: number }
  /** Was granted a workflow and says that it starts. */
  | { kind: "starting" | "running"; generation: number; poll: number; workflow: number; epoch: number }
  /** Its step is over; it says how, until it is answered. */
  | { kind: "finishing"; generation: number; poll: number; workflow: number; epoch: number };

/** A server process: what its reaper has read and not acted on yet. */
export interface Replica {
  noticed: number | null;
}

/** How a workflow's agent says that it ended. */
export type Said = "done" | "canceled" | "handed_back";

/** What an agent has said. From then on it may arrive at any time, any number of times, or never. */
export type Request =
  | { kind: "next"; agent: number; generation: number; poll: number }
  | { kind: "init" | "extend"; agent: number; workflow: number; epoch: number }
  | { kind: "done"; agent: number; workflow: number; epoch: number; said: Said };

/** What a server has answered. It may arrive late or never. */
export type Answer =
  | { kind: "grant"; agent: number; poll: number; workflow: number; epoch: number }
  | {
      kind: "started" | "ended" | "canceling" | "lost";
      agent: number;
      workflow: number;
      epoch: number;
    };

/** Everything. */
export interface State {
  db: Database;
  processes: readonly Process[];
  replicas: readonly Replica[];
  requests: readonly Request[];
  answers: readonly Answer[];
  /** What may still go wrong. */
  left: readonly Disturbance[];
}

/** How many agents and replicas there are. */
const AGENTS = 2;
const REPLICAS = 2;

/** Polls of one generation are numbered from a multiple of this: no two processes use the same. */
export const FIRST_POLL = 100;

/** All is submitted, agents and replicas are there, and nothing has started. */
export function initialState({ workflows, disturbances }: Scenario): State {
  const agents = Array.from({ length: AGENTS }, (_, agent) => agent);
  const rows = workflows.map(({ parent }): Row => {
    const state = parent === null ? "queued" : "blocked";
    const common = { epoch: 0, agent: null, poll: null, received: false, due: "no", cancelRequested: false } as const;
    return { ...common, state, parentsLeft: parent === null ? 0 : 1, losses: 0, retries: 0, endReason: null };
  });
  return {
    db: {
      rows,
      leases: [],
      nextEpoch: 1,
      generations: agents.map(() => 1),
      upLong: true,
      histories: rows.map(({ state }) => [
        { kind: "transition", from: null, to: state, reason: null, epoch: 0, agent: null },
      ]),
    },
    processes: agents.map(() => ({ kind: "asking", generation: 1, poll: FIRST_POLL })),
    replicas: Array.from({ length: REPLICAS }, () => ({ noticed: null })),
    requests: agents.map((agent) => ({ kind: "next", agent, generation: 1, poll: FIRST_POLL })),
    answers: [],
    left: disturbances,
  };
}

/** A list with one item replaced. */
export function withItem<T>(list: readonly T[], index: number, item: T): T[] {
  return list.map((each, at) => (at === index ? item : each));
}

/** A state in which one thing more went wrong. Undefined: it must not. */
export function disturb(state: State, disturbance: Disturbance): State | undefined {
  const at = state.left.indexOf(disturbance);
  return at < 0 ? undefined : { ...state, left: state.left.toSpliced(at, 1) };
}
