import { compareSpec, inventoryOf, judgeStage, readOcp, recordStage, specRecord } from "@groundcrew/vetting";
import { insertBlob } from "../blobs/blob-row.ts";
import type { ServerContext, Tx } from "../context.ts";
import { describeMachine } from "../machines/describe.ts";
import { SERVER_VERSION } from "../version.ts";
import type { WorkflowRow } from "../workflows/workflow-row.ts";
import { OCP_FILE } from "./evidence.ts";
import { recordFigures } from "./figures.ts";
import { judgedOcp } from "./report.ts";
import { databaseNow, writeVettingRun, type VettingRunRow } from "./run-row.ts";

const STAGE = "spec_validate";

/** What a machine without a model's specification is compared with: only what was declared of it. */
const NO_MODEL = { name: "declared", description: "" };

/**
 * Compares a run's machine with its specification, keeps the record as a stage of an agent would, and moves the run on.
 * For a transaction that holds the workflow's row.
 */
export async function validateSpec(
  tx: Tx,
  context: ServerContext,
  row: WorkflowRow,
  vetting: VettingRunRow,
): Promise<void> {
  const profile = vetting.run.profile.stages.find(({ name }) => name === STAGE);
  if (!profile) throw new Error(`the profile of vetting run ${row.id} has no ${STAGE}`);
  const now = await databaseNow(tx);
  const ocp = await compare(tx, context, row, vetting, now);
  await keep(tx, context, row, ocp, now);
  await recordFigures(tx, row.id, STAGE, ocp);
  const run = recordStage(vetting.run, judgeStage(profile, { outcome: "completed", ocp }));
  const moment = now.toISOString();
  const stage_times = { ...vetting.stage_times, [STAGE]: { startedAt: moment, finishedAt: moment } };
  await writeVettingRun(tx, row.id, { run, stage_times });
}

async function compare(tx: Tx, context: ServerContext, row: WorkflowRow, vetting: VettingRunRow, now: Date) {
  const machine = await tx
    .selectFrom("machines")
    .selectAll()
    .where("id", "=", vetting.machine_id)
    .executeTakeFirstOrThrow();
  const about = { machine: describeMachine(machine), version: SERVER_VERSION, now: () => now };
  if (!vetting.spec) return specRecord({ ...about, fault: "the run has no specification: crew vet start --spec" });
  const inventory = inventoryOf(readOcp(await judgedOcp(tx, context, row.id, "inventory")));
  if (!inventory) return specRecord({ ...about, fault: "the stage inventory recorded none that can be read" });
  const { spec, declared } = vetting.spec;
  const comparison = compareSpec(inventory, spec ?? NO_MODEL, declared);
  return specRecord({ ...about, ...(spec && { spec: spec.name }), comparison });
}

/** A step run of its own, with the record as its file. */
async function keep(tx: Tx, { blobs }: ServerContext, row: WorkflowRow, ocp: string, now: Date): Promise<void> {
  const { id: step_run_id } = await tx
    .insertInto("step_runs")
    .values({
      workflow_id: row.id,
      epoch: row.epoch,
      step: STAGE,
      try: 1,
      state: "succeeded",
      started_at: now,
      finished_at: now,
    })
    .onConflict((on) => on.columns(["workflow_id", "epoch", "step", "try"]).doUpdateSet({ finished_at: now }))
    .returning("id")
    .executeTakeFirstOrThrow();
  const { size, sha256 } = await blobs.put(Buffer.from(ocp));
  const file = { name: OCP_FILE, content_type: "application/jsonl", size: String(size), sha256 };
  await insertBlob(tx, { workflow_id: row.id, step_run_id, ...file });
}
