import type { FaultProxy } from "@groundcrew/testkit/processes";
import { setTimeout as delay } from "node:timers/promises";
import type { Action, Link } from "../action.ts";
import type { Stage } from "./stage.ts";

type LinkAction = Extract<Action, { link: Link }>;

/** How long an answer is held back before its connection breaks, in milliseconds. */
const HELD_MS = 300;

/** Does to a connection what networks do. */
export function disturbLink({ world, witness }: Stage, action: LinkAction): Promise<void> {
  const { proxy, subject } = proxyOf(world, action.link);
  return witness.disturb(subject, action.kind, async () => {
    await begin(proxy, action);
    // What was held back is lost with its connections: those that carry it would be cut by now.
    if (action.kind === "half_open") proxy.cut();
    proxy.pass();
  });
}

/** Breaks the connections of agents while answers are on their way. */
export async function loseAnswers({ world, witness }: Stage, agents: readonly number[]): Promise<void> {
  await Promise.all(
    agents.map((index) => {
      const { proxy, subject } = proxyOf(world, { of: "agent", index });
      return witness.disturb(subject, "lose_answers", async () => {
        void proxy.stall("answers");
        await delay(HELD_MS);
        proxy.cut();
        proxy.pass();
      });
    }),
  );
}

async function begin(proxy: FaultProxy, action: LinkAction): Promise<void> {
  switch (action.kind) {
    case "cut":
      return proxy.cut();
    case "refuse":
      proxy.refuse();
      break;
    case "slow":
      proxy.slow(action.byMs);
      break;
    case "half_open":
      for (const direction of action.directions) void proxy.stall(direction);
      break;
    default:
      return action satisfies never;
  }
  await delay(action.forMs);
}

function proxyOf({ agents, replicas }: Stage["world"], { of, index }: Link): { proxy: FaultProxy; subject: string } {
  const agent = agents[index];
  const replica = replicas[index];
  if (of === "agent" && agent) return { proxy: agent.link, subject: agent.name };
  // Whose connection to Postgres is disturbed still takes calls: it may keep any agent from being heard.
  if (of === "replica" && replica) return { proxy: replica.database, subject: "all" };
  throw new Error(`there is no ${of} ${index}`);
}
