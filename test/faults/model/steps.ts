import { hasEnded, isHeld } from "../../../apps/server/src/workflows/rules.ts";
import { isCalling, take } from "./agent.ts";
import { admit, cancel, reap, serve, waitsForMoment, type Served } from "./server.ts";
import { normal } from "./normal.ts";
import { processSteps } from "./process-steps.ts";
import { disturb, withItem, type Database, type Request, type Row, type State } from "./state.ts";
import { update, type Server } from "./transitions.ts";

/** One thing that can happen next. */
export interface Step {
  /** For people. */
  label: string;
  state: State;
  /** What a server was told, and what it answered. */
  served?: { request: Request; answers: Served["answers"] };
}

/** Everything that can happen in a state. */
export function stepsFrom(state: State, server: Server): Step[] {
  const steps: Step[] = [
    ...deliveries(state, server),
    ...answersTaken(state),
    ...processSteps(state, server),
    ...reapers(state, server),
    ...people(state, server),
    ...time(state),
  ];
  return steps.map((step) => ({ ...step, state: normal(state, step.state, server) }));
}

/**
 * What a process says, until it is answered, may arrive at any time and any number of times. What arrives after its
 * call is over, however much later, is a disturbance.
 */
function deliveries(state: State, server: Server): Step[] {
  return state.requests.flatMap((request) => {
    const isLate = !isCalling(state.processes[request.agent], request);
    const heard = isLate ? disturb(state, "late") : state;
    if (!heard) return [];
    const { db, answers } = serve(state.db, server, request);
    const label = `a server hears ${isLate ? "late " : ""}${JSON.stringify(request)}`;
    return [{ label, state: { ...heard, db, answers: [...state.answers, ...answers] }, served: { request, answers } }];
  });
}

function answersTaken(state: State): Step[] {
  return state.answers.map((answer) => ({
    label: `agent ${answer.agent} hears ${JSON.stringify(answer)}`,
    state: take(state, answer),
  }));
}

/** A reaper looks, and acts on what it found some time later. It may die in between. */
function reapers(state: State, server: Server): Step[] {
  return state.replicas.flatMap(({ noticed }, replica) => {
    const after = (db: Database, found: number | null): State => ({
      ...state,
      db,
      replicas: withItem(state.replicas, replica, { noticed: found }),
    });
    if (noticed !== null) {
      return [
        {
          label: `replica ${replica} ends a lease of workflow ${noticed}`,
          state: after(reap(state.db, server, noticed), null),
        },
        { label: `replica ${replica} dies`, state: after(state.db, null) },
      ];
    }
    return [...state.db.rows.entries()]
      .filter(([, row]) => isHeld(row.state) && server.guards.isDue(state.db, row))
      .map(([found]) => ({ label: `replica ${replica} finds workflow ${found} due`, state: after(state.db, found) }));
  });
}

function people(state: State, server: Server): Step[] {
  const asked = disturb(state, "cancel");
  if (!asked) return [];
  return [...state.db.rows.entries()]
    .filter(([, row]) => !hasEnded(row.state) && !row.cancelRequested)
    .map(([workflow]) => ({
      label: `somebody cancels workflow ${workflow}`,
      state: { ...asked, db: cancel(state.db, server, workflow) },
    }));
}

function time(state: State): Step[] {
  const { db } = state;
  const moments = [...db.rows.entries()]
    .filter(([, row]) => waitsForMoment(row))
    .map(([workflow]) => ({
      label: `the moment of workflow ${workflow} has come`,
      state: { ...state, db: admit(db, workflow) },
    }));
  const settled = { label: "servers have been up for a TTL", state: { ...state, db: { ...db, upLong: true } } };
  return [...moments, ...(db.upLong ? [] : [settled]), ...passing(state), ...outage(state)];
}

function passing(state: State): Step[] {
  const later = disturb(state, "time");
  if (!later) return [];
  return heldRows(state)
    .filter(([, row]) => row.due === "no")
    .map(([workflow, { state: at, received }]) => {
      const due = at === "leased" && !received ? "grant" : "lease";
      const label = `the time of the ${due} of workflow ${workflow} passes`;
      return { label, state: { ...later, db: update(state.db, workflow, { due }) } };
    });
}

function outage(state: State): Step[] {
  const later = disturb(state, "outage");
  const held = heldRows(state);
  if (!later || held.length === 0) return [];
  const db = held.reduce((db, [workflow]) => update(db, workflow, { due: "lease" }), { ...state.db, upLong: false });
  const replicas = state.replicas.map(() => ({ noticed: null }));
  return [{ label: "all servers are away for long", state: { ...later, db, replicas } }];
}

function heldRows({ db }: State): [number, Row][] {
  return [...db.rows.entries()].filter(([, row]) => isHeld(row.state));
}
