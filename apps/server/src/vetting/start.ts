import type { StartVettingRequest } from "@groundcrew/proto";
import { conflict } from "@groundcrew/rpc";
import { isSkipped, startRun, type Profile } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { ServerContext, Tx } from "../context.ts";
import { json } from "../db/json.ts";
import type { WorkflowPlanRow } from "../workflows/plan.ts";
import { labelClassIds } from "../workflows/label-classes.ts";
import { TERMINAL_STATES } from "../workflows/rules.ts";
import { recordFirst, type Deciding } from "../workflows/transitions.ts";
import { chooseProfile } from "./choose-profile.ts";
import { describeMachine, resolveTarget, type MachineRow } from "./target.ts";

/** What a run may take beyond its stages' limits, for sending and judging their evidence, in milliseconds. */
const SLACK_MS = 10 * 60_000;

/** The longest timeout that is stored, in milliseconds: 24.8 days, the largest int4. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

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
    const machine = await resolveTarget(tx, request.target);
    await claimMachine(tx, machine);
    return insertRun(tx, context, machine, profile, actor);
  });
  context.hints.publish("queue", `workflow:${id}`);
  return id;
}

/** Keeps other starts out until this transaction has ended, and throws when one came first. */
async function claimMachine(tx: Tx, machine: MachineRow): Promise<void> {
  await tx.selectFrom("machines").select("id").where("id", "=", machine.id).forNoKeyUpdate().execute();
  const unfinished = await tx
    .selectFrom("vetting_runs")
    .innerJoin("workflows", "workflows.id", "vetting_runs.workflow_id")
    .select(["workflows.id", "workflows.state"])
    .where("vetting_runs.machine_id", "=", machine.id)
    .where("workflows.state", "not in", TERMINAL_STATES)
    .executeTakeFirst();
  if (!unfinished) return;
  const { id, state } = unfinished;
  throw conflict(`vetting run ${id} of ${describeMachine(machine)} is ${state}; wait until it has ended, or cancel it`);
}

async function insertRun(
  tx: Tx,
  context: Deciding,
  machine: MachineRow,
  profile: Profile,
  actor: string,
): Promise<string> {
  const { id } = await tx
    .insertInto("workflows")
    .values({
      kind: "vetting",
      name: `vet ${machine.hostname || machine.serial || machine.id}`,
      matrix: json({}),
      depends_on: [],
      class_id: await labelClassOf(tx, machine),
      plan: json({ kind: "vetting", machineId: machine.id, profile: profile.name } satisfies WorkflowPlanRow),
      timeout_ms: timeoutOf(profile),
      on_agent_lost: "resume",
      state: "queued",
      queued_at: sql<Date>`now()`,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await tx
    .insertInto("vetting_runs")
    .values({
      workflow_id: id,
      machine_id: machine.id,
      profile_name: profile.name,
      run: json(startRun(profile)),
    })
    .execute();
  await recordFirst(tx, context, id, "queued", actor);
  return id;
}

/** Whoever vets, on this machine. */
async function labelClassOf(tx: Tx, { id: machineId }: MachineRow): Promise<number> {
  const nobodys = { owner: "", repository: "", trusted: true };
  const [id] = await labelClassIds(tx, [{ kind: "vetting", labels: {}, machineId, ...nobodys }]);
  if (id === undefined) throw new Error(`machine ${machineId} has no label class`);
  return id;
}

function timeoutOf({ stages }: Profile): number {
  const limitsMs = stages.map((stage) => (isSkipped(stage) ? 0 : stage.timeoutMs));
  return Math.min(
    limitsMs.reduce((sum, limitMs) => sum + limitMs, SLACK_MS),
    TIMEOUT_MAX_MS,
  );
}
