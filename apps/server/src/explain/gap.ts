import { misses, type Miss } from "../queue/eligibility.ts";
import { offeredBy, type AgentFacts } from "./agents.ts";
import { inWords } from "./pauses.ts";
import type { Reason } from "./reason.ts";
import { wantedOf, type Subject } from "./subject.ts";

/** The most agents that a reason names; the contract's number. */
const CLOSEST_MAX = 5;

/** An agent, and what keeps it from taking a workflow, in words. None: it may take it. */
export interface Gap {
  agent: AgentFacts;
  misses: string[];
}

/** What each agent misses of a workflow: by the matcher's rule, and because of how the agent itself stands. */
export function gapsOf(agents: readonly AgentFacts[], subject: Subject): Gap[] {
  return agents.map((agent) => ({ agent, misses: [...unfit(agent, subject), ...unavailable(agent)] }));
}

/** That no agent may take it, and what the closest of them miss: the fewest misses first, then by name. */
export function noTakerReason(gaps: readonly Gap[]): Reason {
  const closest = gaps
    .toSorted((a, b) => a.misses.length - b.misses.length)
    .slice(0, CLOSEST_MAX)
    .map(({ agent, misses }) => ({ agent: agent.name, misses }));
  const [first] = closest;
  const text = first
    ? `no agent may take it; the closest is ${first.agent}: ${first.misses.join(", ")}`
    : "there is no agent";
  return { text, reason: { case: "agent", value: { closest } } };
}

function unfit(agent: AgentFacts, subject: Subject): string[] {
  return misses(offeredBy(agent), wantedOf(subject)).map((miss) => missInWords(miss, agent, subject));
}

function missInWords(miss: Miss, agent: AgentFacts, subject: Subject): string {
  switch (miss.kind) {
    case "serves":
      return `serves ${agent.serves} work, not ${miss.wanted}`;
    case "machine":
      return `runs on machine ${agent.hostname || agent.machine_id}, needs ${subject.hostname || miss.wanted}`;
    case "owner":
      return `is not granted ${miss.wanted === "" ? "work without an owner" : `the work of owner ${miss.wanted}`}`;
    case "repository":
      return `is not granted ${miss.wanted === "" ? "work without a repository" : `the work of repository ${miss.wanted}`}`;
    case "untrusted":
      return "is not granted the work of strangers, or does not isolate its steps";
    case "label":
      return miss.offered === undefined
        ? `has no label ${miss.key}, needs ${miss.wanted}`
        : `label ${miss.key} is ${miss.offered}, needs ${miss.wanted}`;
    case "insists":
      return `takes only work that asks for label ${miss.key}`;
    default:
      return miss satisfies never;
  }
}

/** Why an agent is given nothing at all now. */
function unavailable({ lifecycle, connection, reset, pause }: AgentFacts): string[] {
  if (lifecycle === "terminated") return ["is terminated"];
  if (reset) return ["was reset and has not enrolled again"];
  const here = connection === "connected" || connection === "connecting";
  return [
    ...(here ? [] : ["is not connected"]),
    ...(lifecycle === "draining" ? ["is draining"] : []),
    ...(pause ? [`is ${inWords(pause)}`] : []),
  ];
}
