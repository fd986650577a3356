import { InvalidArgumentError, type Command } from "commander";
import { UpdateAgentResponseSchema, type Agent } from "@groundcrew/proto";
import { usage } from "../failure.ts";
import { pairsText } from "../render/tables.ts";
import type { Session } from "../session.ts";
import { visible } from "../terminal/visible.ts";
import { withExamples, withOutput, type Run } from "./command.ts";

interface UpdateOptions {
  labels?: Record<string, string>;
  ownLabels?: boolean;
  capacity?: number;
  ownCapacity?: boolean;
}

/** Adds `crew agents update`. */
export function addUpdate(agents: Command, run: Run): void {
  const update = withOutput(agents.command("update"))
    .description(
      "Says what an agent offers, whatever its own configuration says, until that is taken back. What it runs goes on.",
    )
    .argument("<agent>", "an agent's name or id")
    .option("--labels <key=value,...>", "all its labels, instead of its own (repeatable)", parseLabels)
    .option("--own-labels", "its own labels again")
    .option("--capacity <n>", "workflows at once, instead of its own", parseCapacity)
    .option("--own-capacity", "its own capacity again")
    .action(run(updateAgent));
  withExamples(update, [
    "crew agents update build-7 --labels os=linux,gpu=h200 --capacity 4",
    "crew agents update build-7 --own-labels --own-capacity",
  ]);
}

/** A parser of `KEY=VALUE,...`, which adds to what was said before. */
export function parseLabels(text: string, before: Record<string, string> = {}): Record<string, string> {
  const pairs = text.split(",").filter((pair) => pair !== "");
  const entries = pairs.map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw new InvalidArgumentError(`Expected KEY=VALUE, found ${JSON.stringify(pair)}.`);
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const;
  });
  return { ...before, ...Object.fromEntries(entries) };
}

function parseCapacity(text: string): number {
  const capacity = Number(text);
  if (/^\d+$/.test(text) && capacity >= 1 && capacity <= 1024) return capacity;
  throw new InvalidArgumentError("Expected a whole number from 1 to 1024.");
}

async function updateAgent(session: Session, options: UpdateOptions, agent: string): Promise<void> {
  const { labels, ownLabels = false, capacity, ownCapacity = false } = options;
  if (labels && ownLabels) throw usage("--own-labels excludes --labels");
  if (capacity !== undefined && ownCapacity) throw usage("--own-capacity excludes --capacity");
  if (!labels && !ownLabels && capacity === undefined && !ownCapacity) {
    throw usage("nothing is to change", "say --labels, --own-labels, --capacity or --own-capacity");
  }
  const change = { ...(labels && { labels: { labels } }), ...(capacity !== undefined && { capacity }) };
  const operator = await session.operator();
  const response = await operator.updateAgent({ agent, ownLabels, ownCapacity, ...change }, session.call);
  session.show(UpdateAgentResponseSchema, response, () => (response.agent ? [visible(offerText(response.agent))] : []));
}

function offerText({ name, labels, capacity }: Agent): string {
  const offered = Object.keys(labels).length === 0 ? "no labels" : pairsText(labels);
  return `${name} offers ${offered}, and runs ${capacity === 1 ? "1 workflow" : `${capacity} workflows`} at once.`;
}
