import { sql, type Kysely } from "kysely";

/** What workflows hand on to those that depend on them. */
export async function outputs(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table workflows add column outputs jsonb`,
  // A grant tells how the workflows ended that it depends on.
  `create index workflow_parents_child on workflow_parents (child_id)`,
];
