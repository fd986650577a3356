import { isHeld } from "../../../apps/server/src/workflows/rules.ts";
import { ask, become, finish } from "./agent.ts";
import { register } from "./server.ts";
import { disturb, FIRST_POLL, type Process, type State } from "./state.ts";
import type { Step } from "./steps.ts";
import type { Server } from "./transitions.ts";

type Alive = Exclude<Process, { kind: "down" }>;

/** What agents' processes may do by themselves, and what may be done to them. */
export function processSteps(state: State, server: Server): Step[] {
  return state.processes.flatMap((process, agent) => [
    ...own(state, server, agent, process),
    ...disturbed(state, server, agent, process),
  ]);
}

function own(state: State, server: Server, agent: number, process: Process): Step[] {
  switch (process.kind) {
    case "down":
      return [{ label: `agent ${agent} starts`, state: start(state, server, agent) }];
    case "running":
      return [{ label: `the step on agent ${agent} ends`, state: finish(state, agent, "done") }];
    case "asking":
    case "starting":
    case "finishing":
      return [];
    default:
      return process satisfies never;
  }
}

/** Of a process that has nothing, nothing can be lost. */
function disturbed(state: State, server: Server, agent: number, process: Process): Step[] {
  if (process.kind === "down" || !hasSomething(state, agent, process)) return [];
  const steps: Step[] = [];
  const killed = disturb(state, "kill");
  if (killed) steps.push({ label: `agent ${agent} is killed`, state: become(killed, agent, { kind: "down" }) });
  const again = disturb(state, "register");
  if (again)
    steps.push({ label: `agent ${agent} registers again`, state: registerAgain(again, server, agent, process) });
  const back = process.kind === "running" ? disturb(state, "hand_back") : undefined;
  if (back) steps.push({ label: `agent ${agent} hands back`, state: finish(back, agent, "handed_back") });
  return steps;
}

function hasSomething({ db }: State, agent: number, process: Process): boolean {
  return process.kind !== "asking" || db.rows.some((row) => row.agent === agent && isHeld(row.state));
}

function start(state: State, server: Server, agent: number): State {
  const db = register(state.db, server, agent, undefined);
  const generation = db.generations[agent] ?? 0;
  // No two processes use the same poll.
  return ask({ ...state, db }, agent, generation, generation * FIRST_POLL);
}

/** It lists what it holds, and goes on with a new generation. */
function registerAgain(state: State, server: Server, agent: number, process: Alive): State {
  const held = process.kind === "asking" ? undefined : process;
  const db = register(state.db, server, agent, held);
  const generation = db.generations[agent] ?? 0;
  const again = become({ ...state, db }, agent, { ...process, generation });
  return process.kind === "asking" ? ask(again, agent, generation, process.poll) : again;
}
