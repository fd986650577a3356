import { create } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { VettingStageSchema, type BlobInfo, type VettingStage } from "@groundcrew/proto";
import { isSkipped, type StageProfile, type StageResult } from "@groundcrew/vetting";
import { blobMessage } from "../blobs/blob-row.ts";
import type { Db } from "../context.ts";
import type { StageTimes } from "../db/schema.ts";
import { timestampOf, verdictOf } from "../names.ts";
import type { VettingRunRow } from "./run-row.ts";

/** The stages of a run's profile, with what is known of each, in the run's order. */
export async function stageMessages(db: Db, { workflow_id, run, stage_times }: VettingRunRow): Promise<VettingStage[]> {
  const evidence = await readEvidence(db, workflow_id);
  return run.profile.stages.map((profile) => {
    const result = run.results.find(({ stage }) => stage === profile.name);
    const stage = stageMessage(profile, result, stage_times);
    stage.evidence = evidence.get(profile.name) ?? [];
    return stage;
  });
}

function stageMessage(profile: StageProfile, result: StageResult | undefined, times: StageTimes): VettingStage {
  const { startedAt, finishedAt } = times[profile.name] ?? {};
  return create(VettingStageSchema, {
    name: profile.name,
    required: !isSkipped(profile) && profile.required,
    ...(result && {
      verdict: verdictOf(result.verdict),
      reasons: result.reasons,
      gates: result.gates.map((gate) => ({ ...gate, verdict: verdictOf(gate.verdict) })),
    }),
    startedAt: momentOf(startedAt),
    finishedAt: momentOf(finishedAt),
  });
}

function momentOf(text: string | undefined): Timestamp | undefined {
  return timestampOf(text === undefined ? null : new Date(text));
}

/** The files of a run's stages, of every try, oldest first. */
async function readEvidence(db: Db, workflowId: string): Promise<Map<string, BlobInfo[]>> {
  const rows = await db
    .selectFrom("blobs")
    .innerJoin("step_runs", "step_runs.id", "blobs.step_run_id")
    .selectAll("blobs")
    .select(["step_runs.epoch", "step_runs.step", "step_runs.try"])
    .where("blobs.workflow_id", "=", workflowId)
    .orderBy("blobs.id")
    .execute();
  const byStage = Map.groupBy(rows, ({ step }) => step);
  const files = [...byStage].map(([step, rows]) => {
    const messages = rows.map((row) => blobMessage(row, { workflowId, epoch: row.epoch, step, try: row.try }));
    return [step, messages] as const;
  });
  return new Map(files);
}
