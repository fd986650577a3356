import { sql, type Kysely } from "kysely";

/** One index of the history instead of two: each workflow adds four rows to it. */
export async function eventKey(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table workflow_events drop constraint workflow_events_pkey, add primary key (workflow_id, id)`,
  `drop index workflow_events_workflow`,
];
