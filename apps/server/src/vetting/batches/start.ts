import type { StartVettingBatchRequest } from "@groundcrew/proto";
import { conflict, invalidField } from "@groundcrew/rpc";
import type { ServerContext } from "../../context.ts";
import type { Topic } from "../../db/hints.ts";
import { describeMachine, type MachineRow } from "../../machines/describe.ts";
import { requireRange } from "../../validate.ts";
import { chooseProfile } from "../choose-profile.ts";
import { chooseSpec } from "../choose-spec.ts";
import { queueRun } from "../queue-run.ts";
import { claimMachines } from "../start.ts";
import { admitBatch } from "./admit.ts";
import { chooseMachines } from "./targets.ts";

const DAY_MS = 86_400_000;

/** How many machines an error lists. */
const LISTED_MAX = 10;

/**
 * Queues a run for each machine, all or none, and lets the first go on within the limits. Returns the batch's id.
 * Refused where a limit needs what a machine does not tell: its label rack, or its watts.
 */
export async function startBatch(
  context: ServerContext,
  actor: string,
  request: StartVettingBatchRequest,
): Promise<string> {
  const profile = chooseProfile(request);
  const limits = checkedLimits(request);
  const { id, topics } = await context.db.transaction().execute(async (tx) => {
    const spec = await chooseSpec(tx, request);
    const machines = await chooseMachines(tx, request);
    checkMachines(machines, request);
    await claimMachines(tx, machines);
    const { id } = await tx
      .insertInto("vetting_batches")
      .values({ profile_name: profile.name, ...limits, created_by: actor })
      .returning("id")
      .executeTakeFirstOrThrow();
    const topics: Topic[] = [];
    for (const machine of machines) {
      const batch = { id, rack: machine.labels["rack"] ?? "", watts: machine.power_watts ?? 0 };
      topics.push(`workflow:${await queueRun(tx, context, { machine, profile, actor, spec, batch })}`);
    }
    return { id, topics: [...topics, ...(await admitBatch(tx, context, id))] };
  });
  context.hints.publish(...topics);
  return id;
}

function checkedLimits({ perRack, maxWatts, staggerMs }: StartVettingBatchRequest) {
  return {
    per_rack: requireRange("per_rack", perRack, 0, 1_000_000) || null,
    max_watts: requireRange("max_watts", maxWatts, 0, 1_000_000_000) || null,
    stagger_ms: requireRange("stagger_ms", staggerMs, 0, DAY_MS),
  };
}

function checkMachines(machines: readonly MachineRow[], { perRack, maxWatts }: StartVettingBatchRequest): void {
  const rackless = machines.filter(({ labels }) => !labels["rack"]);
  if (perRack > 0 && rackless.length > 0) {
    throw conflict(`per_rack needs the label rack, which these do not have: ${listed(rackless)}`);
  }
  const powerless = machines.filter(({ power_watts }) => power_watts === null);
  if (maxWatts > 0 && powerless.length > 0) {
    throw conflict(`max_watts needs power_watts, which these do not have: ${listed(powerless)}`);
  }
  const hungry = machines.find(({ power_watts }) => (power_watts ?? 0) > maxWatts);
  if (maxWatts > 0 && hungry) {
    const expected = `at least the ${hungry.power_watts} W of ${describeMachine(hungry)}, which could never start`;
    throw invalidField("max_watts", maxWatts, expected);
  }
}

function listed(machines: readonly MachineRow[]): string {
  const more = machines.length > LISTED_MAX ? ` and ${machines.length - LISTED_MAX} more` : "";
  return `${machines.slice(0, LISTED_MAX).map(describeMachine).join("; ")}${more}`;
}
