import { withItem, type Answer, type Entry, type Process, type Request, type State } from "./state.ts";

/** Whether an agent's process still waits for an answer: others go nowhere. */
export function awaits(process: Process | undefined, answer: Answer): boolean {
  if (process === undefined || process.kind === "down") return false;
  if (answer.kind === "grant") return process.kind === "asking" && process.poll === answer.poll;
  if (process.kind === "asking" || process.epoch !== answer.epoch || process.workflow !== answer.workflow) return false;
  switch (answer.kind) {
    case "started":
      return process.kind === "starting";
    case "canceling":
      return process.kind !== "finishing";
    case "ended":
      return process.kind === "finishing";
    case "lost":
      return true;
    default:
      return answer satisfies never;
  }
}

/** Whether an agent's process is still at the call that it says this in: else it arrives late. */
export function isCalling(process: Process | undefined, request: Request): boolean {
  if (process === undefined || process.kind === "down") return false;
  if (request.kind === "next") {
    return process.kind === "asking" && process.poll === request.poll && process.generation === request.generation;
  }
  if (process.kind === "asking" || process.epoch !== request.epoch) return false;
  switch (request.kind) {
    case "init":
      return process.kind === "starting";
    case "extend":
      return true;
    case "done":
      return process.kind === "finishing";
    default:
      return request satisfies never;
  }
}

/** What an agent does with an answer. */
export function take(state: State, answer: Answer): State {
  const process = state.processes[answer.agent];
  if (process === undefined || process.kind === "down") return state;
  const { agent } = answer;
  const { generation, poll } = process;
  switch (answer.kind) {
    case "grant": {
      const { workflow, epoch } = answer;
      const starting = { kind: "starting", generation, poll, workflow, epoch } as const;
      // From now on it lists the lease whenever it renews what it holds.
      const listing = say(become(state, agent, starting), { kind: "extend", agent, workflow, epoch });
      return say(listing, { kind: "init", agent, workflow, epoch });
    }
    case "started": {
      const { workflow, epoch } = answer;
      const running = { kind: "running", generation, poll, workflow, epoch } as const;
      return note(become(state, agent, running), workflow, { kind: "start", epoch, agent });
    }
    case "canceling":
      return finish(state, agent, "canceled");
    case "ended":
    case "lost":
      return ask(state, agent, generation, poll + 1);
    default:
      return answer satisfies never;
  }
}

/** The agent's process is something else now. */
export function become(state: State, agent: number, process: Process): State {
  return { ...state, processes: withItem(state.processes, agent, process) };
}

/** The agent says something. */
function say(state: State, request: Request): State {
  return { ...state, requests: [...state.requests, request] };
}

/** The agent asks for work, under a poll of its own. */
export function ask(state: State, agent: number, generation: number, poll: number): State {
  const asking = become(state, agent, { kind: "asking", generation, poll });
  return say(asking, { kind: "next", agent, generation, poll });
}

/** Nothing runs any more, and the agent says how that came. */
export function finish(state: State, agent: number, said: "done" | "canceled" | "handed_back"): State {
  const process = state.processes[agent];
  if (process?.kind !== "running" && process?.kind !== "starting") return state;
  const { workflow, epoch } = process;
  const ended = said === "done" ? note(state, workflow, { kind: "end", epoch, agent }) : state;
  return say(become(ended, agent, { ...process, kind: "finishing" }), { kind: "done", agent, workflow, epoch, said });
}

function note(state: State, workflow: number, entry: Entry): State {
  const histories = withItem(state.db.histories, workflow, [...(state.db.histories[workflow] ?? []), entry]);
  return { ...state, db: { ...state.db, histories } };
}
