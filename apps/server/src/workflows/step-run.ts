import type { StepRunRef } from "@groundcrew/proto";
import { invalidField, type ConnectError } from "@groundcrew/rpc";
import { STAGES } from "@groundcrew/vetting";
import { sql, type Selectable } from "kysely";
import type { Caller } from "../agents/caller.ts";
import type { Db, Tx } from "../context.ts";
import type { Database } from "../db/schema.ts";
import { requireRange, requireText } from "../validate.ts";
import { CHECKOUT_STEP, type WorkflowPlanRow } from "./plan.ts";
import { checkedLease, staleEpoch } from "./stale.ts";

/** A step run's row. */
export type StepRunRow = Selectable<Database["step_runs"]>;

/** How long after a lease ended its logs and evidence are still taken, in hours. */
export const LATE_HOURS = 24;

/** A step run as an agent names it, checked. */
export interface StepRunName {
  workflowId: string;
  epoch: string;
  step: string;
  try: number;
}

/** Checks how a step run is named. Throws INVALID_ARGUMENT naming the field. */
export function checkedStepRun(ref: StepRunRef | undefined, field = "step_run"): StepRunName {
  if (!ref) throw invalidField(field, "absent", "the step run");
  return {
    ...checkedLease(ref, `${field}.`),
    step: requireText(`${field}.step`, ref.step, { min: 1, max: 63, expected: "1 to 63 characters" }),
    try: requireRange(`${field}.try`, ref.try, 1, 1_000),
  };
}

/** Throws StaleEpoch unless this agent holds the lease, or held it within the last 24 hours. */
export async function requireLease(db: Db, caller: Caller, name: StepRunName): Promise<void> {
  const lease = await db
    .selectFrom("leases")
    .select("epoch")
    .where("epoch", "=", name.epoch)
    .where("workflow_id", "=", name.workflowId)
    .where("agent_id", "=", caller.agentId)
    .where((eb) =>
      eb.or([eb("ended_at", "is", null), eb("ended_at", ">", sql<Date>`now() - ${LATE_HOURS} * interval '1 hour'`)]),
    )
    .executeTakeFirst();
  if (!lease) throw staleEpoch(name, undefined);
}

/**
 * Locks a step run of a lease that is known to be the caller's, making it at its first report. Throws INVALID_ARGUMENT
 * when the workflow has no such step.
 */
export async function lockStepRun(tx: Tx, name: StepRunName): Promise<StepRunRow> {
  const known = await find(tx, name);
  if (known) return known;
  await checkStep(tx, name);
  return (await insert(tx, name)) ?? (await findNow(tx, name));
}

/** Step runs by {@link keyOf}. */
export type StepRuns = ReadonlyMap<string, StepRunRow>;

/** Tells step runs apart. */
export function keyOf({ workflowId, epoch, step, try: tryNumber }: StepRunName): string {
  return `${workflowId}/${epoch}/${tryNumber}/${step}`;
}

/** Locks those of the named step runs that were heard of before, in one statement and in the order of their ids. */
export async function lockStepRuns(tx: Tx, names: readonly StepRunName[]): Promise<StepRuns> {
  if (names.length === 0) return new Map();
  const { rows } = await sql<StepRunRow>`
    select s.* from step_runs s
    join (select distinct * from unnest(
      ${names.map(({ workflowId }) => workflowId)}::bigint[], ${names.map(({ epoch }) => epoch)}::bigint[],
      ${names.map(({ step }) => step)}::text[], ${names.map((name) => name.try)}::integer[]
    )) as named (workflow_id, epoch, step, try)
      on s.workflow_id = named.workflow_id and s.epoch = named.epoch and s.step = named.step and s.try = named.try
    order by s.id for update of s`.execute(tx);
  return new Map(rows.map((row) => [keyOf({ ...row, workflowId: row.workflow_id }), row]));
}

/** A step that the plan does not have is a lie or a bug; either way it must not be stored. */
async function checkStep(tx: Tx, { workflowId, step }: StepRunName): Promise<void> {
  const query = tx.selectFrom("workflows").select("plan").where("id", "=", workflowId);
  const { plan } = await query.executeTakeFirstOrThrow();
  const names = plan.kind === "build" ? stepNames(plan) : STAGES.map(({ name }) => name);
  if (!names.some((name) => name === step)) throw noSuchStep(step, names);
}

function stepNames({ steps, checkout }: Extract<WorkflowPlanRow, { kind: "build" }>): string[] {
  return [...(checkout ? [CHECKOUT_STEP] : []), ...steps.map(({ name }) => name)];
}

/** INVALID_ARGUMENT: the workflow has no such step. */
export function noSuchStep(step: string, names: readonly string[]): ConnectError {
  return invalidField("step_run.step", step, `one of ${names.join(", ")}`);
}

function find(tx: Tx, name: StepRunName): Promise<StepRunRow | undefined> {
  return tx
    .selectFrom("step_runs")
    .selectAll()
    .where("workflow_id", "=", name.workflowId)
    .where("epoch", "=", name.epoch)
    .where("step", "=", name.step)
    .where("try", "=", name.try)
    .forUpdate()
    .executeTakeFirst();
}

function insert(tx: Tx, { workflowId, epoch, step, try: tryNumber }: StepRunName): Promise<StepRunRow | undefined> {
  // Late lines or evidence may be the first that is heard of a step: then nobody knows how it would have ended. The
  // lease is locked, so that its end finds this row, or this row its end.
  const state = sql<"pending" | "lost">`(
    select case when ended_at is null then 'pending' else 'lost' end from leases where epoch = ${epoch} for share)`;
  return tx
    .insertInto("step_runs")
    .values({ workflow_id: workflowId, epoch, step, try: tryNumber, state })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

async function findNow(tx: Tx, name: StepRunName): Promise<StepRunRow> {
  const row = await find(tx, name);
  if (!row) throw new Error(`the step run ${name.step} of workflow ${name.workflowId} vanished`);
  return row;
}
