import type { StartVettingRequest } from "@groundcrew/proto";
import { conflict } from "@groundcrew/rpc";
import type { ServerContext, Tx } from "../context.ts";
import { describeMachine, type MachineRow } from "../machines/describe.ts";
import { TERMINAL_STATES } from "../workflows/rules.ts";
import { chooseProfile } from "./choose-profile.ts";
import { chooseSpec } from "./choose-spec.ts";
import { queueRun } from "./queue-run.ts";
import { resolveTarget } from "./target.ts";

/**
 * Queues a vetting run for one machine. Refused while the machine has one that has not ended: a run has its machine to
 * itself. Returns the run's id.
 */
export async function startVetting(
  context: ServerContext,
  actor: string,
  request: StartVettingRequest,
): Promise<string> {
  const profile = chooseProfile(request);
  const id = await context.db.transaction().execute(async (tx) => {
    const spec = await chooseSpec(tx, request);
    const machine = await resolveTarget(tx, request.target);
    await claimMachines(tx, [machine]);
    return queueRun(tx, context, { machine, profile, actor, spec });
  });
  context.hints.publish("queue", `workflow:${id}`);
  return id;
}

/** Keeps other starts out until this transaction has ended, and throws when one came first. */
export async function claimMachines(tx: Tx, machines: readonly MachineRow[]): Promise<void> {
  const byId = new Map(machines.map((machine) => [machine.id, machine]));
  const ids = [...byId.keys()];
  await tx.selectFrom("machines").select("id").where("id", "in", ids).orderBy("id").forNoKeyUpdate().execute();
  const unfinished = await tx
    .selectFrom("vetting_runs")
    .innerJoin("workflows", "workflows.id", "vetting_runs.workflow_id")
    .select(["workflows.id", "workflows.state", "vetting_runs.machine_id"])
    .where("vetting_runs.machine_id", "in", ids)
    .where("workflows.state", "not in", TERMINAL_STATES)
    .orderBy("workflows.id")
    .execute();
  if (unfinished.length === 0) return;
  const listed = unfinished.slice(0, 20).map(({ id, state, machine_id }) => {
    const machine = byId.get(machine_id);
    return `vetting run ${id} of ${machine ? describeMachine(machine) : machine_id} is ${state}`;
  });
  throw conflict(`${listed.join("; ")}; wait until it has ended, or cancel it`);
}
