import { create } from "@bufbuild/protobuf";
import { BlobInfoSchema, type BlobInfo } from "@groundcrew/proto";
import type { Insertable, Selectable } from "kysely";
import type { Db } from "../context.ts";
import type { Database } from "../db/schema.ts";
import { timestampOf } from "../names.ts";
import type { StepRunName } from "../workflows/step-run.ts";

/** A stored file's row. */
export type BlobRow = Selectable<Database["blobs"]>;

/** A stored file of a step run, as the contract has it. */
export function blobMessage(row: BlobRow, stepRun: StepRunName): BlobInfo {
  return create(BlobInfoSchema, {
    id: row.id,
    stepRun,
    name: row.name,
    contentType: row.content_type,
    size: row.size,
    sha256: row.sha256,
    createdAt: timestampOf(row.created_at),
  });
}

/** The file of this kind and name that a step run has, if it has one. Default: evidence. */
export function findBlob(
  db: Db,
  stepRunId: string,
  name: string,
  kind: BlobRow["kind"] = "evidence",
): Promise<BlobRow | undefined> {
  return db
    .selectFrom("blobs")
    .selectAll()
    .where("step_run_id", "=", stepRunId)
    .where("kind", "=", kind)
    .where("name", "=", name)
    .executeTakeFirst();
}

/** Records a stored file. Undefined: its step run, or workflow, has one of this name already. */
export function insertBlob(db: Db, blob: Insertable<Database["blobs"]>): Promise<BlobRow | undefined> {
  return db
    .insertInto("blobs")
    .values(blob)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}
