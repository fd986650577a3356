import { sql } from "kysely";
import type { Tx } from "../context.ts";
import { json } from "../db/json.ts";
import type { Submission } from "./submission.ts";

/** A checked submission, and whose it is. */
export interface Submitted {
  submission: Submission;
  /** A token's name. */
  submittedBy: string;
}

/** The pipelines' ids, and whether they are new: not one whose idempotency key was used before. */
export async function insertPipelines(tx: Tx, batch: readonly Submitted[]): Promise<{ id: string; added: boolean }[]> {
  const asked = batch.map(({ submission: { files, source, env, idempotencyKey, plan, trigger }, submittedBy }, n) => ({
    n,
    name: plan.name,
    file_path: files[0].path,
    file_content: files[0].content,
    more_files: files.slice(1),
    trigger,
    ...source,
    env,
    submitted_by: submittedBy,
    idempotency_key: idempotencyKey,
  }));
  const { rows } = await sql<{ id: string | null; first_id: string | null }>`
    with asked as (
      select *, nextval(pg_get_serial_sequence('pipelines', 'id')) as id
      from jsonb_to_recordset(${json(asked)}) as a (
        n integer, name text, file_path text, file_content text, repository text, commit text, branch text, env jsonb,
        submitted_by text, idempotency_key text, more_files jsonb, trigger jsonb)
    ), inserted as (
      insert into pipelines
        (id, name, file_path, file_content, repository, commit, branch, env, submitted_by, idempotency_key, more_files,
          trigger)
      overriding system value
      select id, name, file_path, file_content, repository, commit, branch, env, submitted_by, idempotency_key,
        more_files, trigger
      from asked order by n
      on conflict (submitted_by, idempotency_key) do nothing
      returning id, submitted_by, idempotency_key
    )
    select i.id, (
      select first.id from inserted first
      where first.submitted_by = a.submitted_by and first.idempotency_key = a.idempotency_key
    ) as first_id
    from asked a left join inserted i on i.id = a.id order by a.n`.execute(tx);
  const ids = [];
  for (const [index, { id, first_id }] of rows.entries()) {
    const submitted = batch[index];
    const known = id ?? first_id ?? (submitted && (await earlierPipeline(tx, submitted)));
    if (known === undefined) throw new Error("a pipeline was neither inserted nor found");
    ids.push({ id: known, added: id !== null });
  }
  return ids;
}

/** Of an earlier transaction, which has committed: the insert waited for it. */
async function earlierPipeline(tx: Tx, { submission, submittedBy }: Submitted): Promise<string> {
  const { id } = await tx
    .selectFrom("pipelines")
    .select("id")
    .where("submitted_by", "=", submittedBy)
    .where("idempotency_key", "=", submission.idempotencyKey)
    .executeTakeFirstOrThrow();
  return id;
}
