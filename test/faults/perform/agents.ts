import { setTimeout as delay } from "node:timers/promises";
import { DRAIN_LIMIT_MS, type FaultAgent } from "../world/agent.ts";
import type { Stage } from "./stage.ts";

/** Kills an agent and starts it again. */
export function killAgent({ world, witness }: Stage, index: number, forMs: number): Promise<void> {
  const agent = agentOf(world, index);
  return witness.disturb(agent.name, "kill", async () => {
    const killedMs = Date.now();
    await agent.kill();
    await delay(forMs);
    agent.start();
    if (await agent.untilRegistered()) witness.restarts.push({ agent: agent.name, killedMs, registeredMs: Date.now() });
  });
}

/** Stops an agent in its tracks. Its steps go on. */
export function freezeAgent({ world, witness }: Stage, index: number, forMs: number): Promise<void> {
  const agent = agentOf(world, index);
  return witness.disturb(agent.name, "freeze", async () => {
    agent.freeze();
    await delay(forMs);
    agent.thaw();
  });
}

/** Tells an agent to drain, and starts it again once it has ended. */
export async function drainAgent({ world, witness }: Stage, index: number): Promise<void> {
  const agent = agentOf(world, index);
  await witness.disturb(agent.name, "drain", async () => {
    const fromMs = Date.now();
    const exitCode = await agent.drain();
    witness.drains.push({ agent: agent.name, fromMs, toMs: Date.now(), exitCode, limitMs: DRAIN_LIMIT_MS });
    agent.start();
    await agent.untilRegistered();
  });
}

/** Sets an agent's clock. This excuses nothing. */
export async function jumpClock({ world, witness }: Stage, index: number, byMs: number): Promise<void> {
  const agent = agentOf(world, index);
  witness.note(`clock of ${agent.name} is set off by ${byMs} ms`);
  await agent.jumpClock(byMs);
}

function agentOf({ agents }: Stage["world"], index: number): FaultAgent {
  const agent = agents[index];
  if (!agent) throw new Error(`there is no agent ${index}`);
  return agent;
}
