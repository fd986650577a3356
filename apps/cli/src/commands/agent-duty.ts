import type { Command } from "commander";
import {
  DesiredState,
  PauseScope,
  SendDirectiveResponseSchema,
  SetAgentDesiredStateResponseSchema,
} from "@groundcrew/proto";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { withOutput, type Run } from "./command.ts";
import { pauseTarget, resumeTarget } from "./pausing.ts";
import { requireYes } from "./require-yes.ts";

/** Adds what an operator has an agent do: pause, resume, drain, ready, terminate, shut-down. */
export function addDuty(agents: Command, run: Run): void {
  agentCommand(agents, "pause")
    .description("Gives an agent nothing more, until it is resumed. What it runs goes on; it need not know.")
    .option("--reason <text>", "why, for those who wait")
    .action(run(pause));
  agentCommand(agents, "resume").description("Ends an agent's pause.").action(run(resume));
  agentCommand(agents, "drain")
    .description(
      "Has an agent take no more work and finish what it runs, also after a restart; then: ready, or terminate.",
    )
    .action(run(drain));
  agentCommand(agents, "ready").description("Has a drained agent take work again.").action(run(ready));
  agentCommand(agents, "terminate")
    .description(
      "Removes an agent for good: its credential ends, and what it runs ends by policy. Drain it first to lose nothing.",
    )
    .option("-y, --yes", "do not ask")
    .action(run(terminate));
  agentCommand(agents, "shut-down")
    .description(
      "Tells an agent's process to finish what it runs and exit. Kept until it hears it; a newer process does not.",
    )
    .option("--reason <text>", "why, for the agent's log")
    .action(run(shutDown));
}

function agentCommand(agents: Command, name: string): Command {
  return withOutput(agents.command(name)).argument("<agent>", "an agent's name or id");
}

function pause(session: Session, { reason }: { reason?: string }, agent: string): Promise<void> {
  return pauseTarget(session, { scope: PauseScope.AGENT, target: agent }, reason);
}

function resume(session: Session, _options: object, agent: string): Promise<void> {
  return resumeTarget(session, { scope: PauseScope.AGENT, target: agent });
}

function drain(session: Session, _options: object, agent: string): Promise<void> {
  return setState(session, agent, DesiredState.DRAINING, (name, busy) =>
    busy === 0 ? `${name} is draining, and runs nothing.` : `${name} is draining; it still runs ${busy}.`,
  );
}

function ready(session: Session, _options: object, agent: string): Promise<void> {
  return setState(session, agent, DesiredState.READY, (name) => `${name} takes work.`);
}

async function terminate(session: Session, { yes = false }: { yes?: boolean }, agent: string): Promise<void> {
  if (!yes) await requireYes(session, "termination", `Remove ${agent} for good and end what it runs?`);
  await setState(session, agent, DesiredState.TERMINATED, (name) => `${name} is terminated.`);
}

async function setState(
  session: Session,
  agent: string,
  desiredState: DesiredState,
  told: (name: string, busy: number) => string,
): Promise<void> {
  const operator = await session.operator();
  const response = await operator.setAgentDesiredState({ agent, desiredState }, session.call);
  const { name = agent, busy = 0 } = response.agent ?? {};
  session.show(SetAgentDesiredStateResponseSchema, response, () => [visible(told(name, busy))]);
}

async function shutDown(session: Session, { reason = "" }: { reason?: string }, agent: string): Promise<void> {
  const operator = await session.operator();
  const directive = { action: { case: "shutDown", value: { reason } } } as const;
  const response = await operator.sendDirective({ agent, directive }, session.call);
  session.show(SendDirectiveResponseSchema, response, () => [
    visible(`Directive ${response.directive?.id ?? ""} tells ${agent} to shut down.`),
  ]);
}
