import { create } from "@bufbuild/protobuf";
import { ArtifactInfoSchema, type ArtifactInfo } from "@groundcrew/proto";
import type { SelectQueryBuilder } from "kysely";
import type { Db } from "../context.ts";
import { timestampOf } from "../names.ts";

/** Artifacts, as `b`, with the step runs, `s`, and the workflows, `w`, that kept them. */
export function selectArtifacts(db: Db) {
  return db
    .selectFrom("blobs as b")
    .innerJoin("step_runs as s", "s.id", "b.step_run_id")
    .innerJoin("workflows as w", "w.id", "b.workflow_id")
    .selectAll("b")
    .select(["s.epoch", "s.step", "s.try", "w.name as workflow_name"])
    .where("b.kind", "=", "artifact");
}

/** What {@link selectArtifacts} reads. */
export type ArtifactRow =
  ReturnType<typeof selectArtifacts> extends SelectQueryBuilder<infer _Db, infer _Tables, infer Row> ? Row : never;

/** An artifact as people see it. */
export function artifactMessage(row: ArtifactRow): ArtifactInfo {
  return create(ArtifactInfoSchema, {
    id: row.id,
    name: row.name,
    stepRun: { workflowId: row.workflow_id, epoch: row.epoch, step: row.step, try: row.try },
    workflow: row.workflow_name,
    size: row.size,
    sha256: row.sha256,
    createdAt: timestampOf(row.created_at),
  });
}
