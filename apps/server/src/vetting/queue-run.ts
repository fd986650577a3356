import { isGated, newRun, profileFor, type Profile } from "@groundcrew/vetting";
import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { json } from "../db/json.ts";
import type { MachineRow } from "../machines/describe.ts";
import { labelClassIds } from "../workflows/label-classes.ts";
import type { WorkflowPlanRow } from "../workflows/plan.ts";
import { recordFirst, type Deciding } from "../workflows/transitions.ts";
import { specFor } from "./choose-spec.ts";

/** What a run may take beyond its stages' limits, for sending and judging their evidence, in milliseconds. */
const SLACK_MS = 10 * 60_000;

/** The longest timeout that is stored, in milliseconds: 24.8 days, the largest int4. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** A run to queue. */
export interface NewRun {
  machine: MachineRow;
  profile: Profile;
  actor: string;
  /** Default: what the machine is bound to. */
  spec?: Parameters<typeof specFor>[2];
  /** It waits for a place within the limits of this batch. */
  batch?: { id: string; rack: string; watts: number };
}

/** Queues a run of a machine whose row is locked and that has no other. Returns its id. */
export async function queueRun(tx: Tx, context: Deciding, { machine, profile, actor, spec, batch }: NewRun) {
  const state = batch ? "blocked" : "queued";
  const { id } = await tx
    .insertInto("workflows")
    .values({
      kind: "vetting",
      name: `vet ${machine.name || machine.hostname || machine.serial || machine.id}`,
      matrix: json({}),
      depends_on: [],
      class_id: await labelClassOf(tx, machine),
      plan: json({ kind: "vetting", machineId: machine.id, profile: profile.name } satisfies WorkflowPlanRow),
      timeout_ms: timeoutOf(profile),
      on_agent_lost: "resume",
      state,
      block_reason: batch ? "limit" : null,
      queued_at: batch ? null : sql<Date>`now()`,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  const wanted = await specFor(tx, machine, spec);
  const run = newRun(profileFor(profile, { hasSpec: wanted !== null }));
  await tx
    .insertInto("vetting_runs")
    .values({
      workflow_id: id,
      machine_id: machine.id,
      profile_name: profile.name,
      run: json(run),
      ...(wanted && { spec_name: wanted.name, spec: json(wanted.stored) }),
      ...(batch && { batch_id: batch.id, rack: batch.rack, watts: batch.watts }),
    })
    .execute();
  await recordFirst(tx, context, id, state, actor);
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
  const limitsMs = stages.map((stage) => (isGated(stage) ? stage.timeoutMs : 0));
  return Math.min(
    limitsMs.reduce((sum, limitMs) => sum + limitMs, SLACK_MS),
    TIMEOUT_MAX_MS,
  );
}
