import { sql } from "kysely";
import type { ServerContext } from "../context.ts";

type Needs = Pick<ServerContext, "db" | "blobs">;

/** How many rows one statement removes: short enough not to be in anybody's way. */
const SAMPLES = 10_000;

/** Removes the samples and files of workflows that have ended long ago. Their logs are swept. */
export async function removeBulk({ db, blobs }: Needs, workflowIds: readonly string[]): Promise<void> {
  const ids = sql`any (${workflowIds}::bigint[])`;
  await untilNone(
    { db },
    sql`
    delete from samples where ctid = any (array(
      select ctid from samples where workflow_id = ${ids} limit ${SAMPLES}))`,
  );
  await removeFiles({ db, blobs }, workflowIds);
}

async function untilNone({ db }: Pick<Needs, "db">, statement: ReturnType<typeof sql>): Promise<void> {
  while (((await statement.execute(db)).numAffectedRows ?? 0n) > 0n);
}

/** Files before their rows: what is cut off in between is found again by the rows. Equal content is kept once. */
async function removeFiles({ db, blobs }: Needs, workflowIds: readonly string[]): Promise<void> {
  const ids = sql`any (${workflowIds}::bigint[])`;
  const { rows } = await sql<{ sha256: Uint8Array; alone: boolean }>`
    select distinct b.sha256, not exists (
      select from blobs other where other.sha256 = b.sha256 and other.workflow_id <> all (${workflowIds}::bigint[])
    ) and not exists (select from caches where caches.sha256 = b.sha256) as alone
    from blobs b where b.workflow_id = ${ids}`.execute(db);
  for (const { sha256, alone } of rows) if (alone) await blobs.remove(sha256);
  await sql`delete from blobs where workflow_id = ${ids}`.execute(db);
}
