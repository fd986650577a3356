import { sql, type Kysely } from "kysely";

/** What started a pipeline, and all of its files. */
export async function triggers(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table pipelines
      add column trigger jsonb not null
        default '{"event": "manual", "branch": "", "tag": "", "cron": "", "parameters": {}}',
      -- Those after the first: a path and a content each.
      add column more_files jsonb not null default '[]'`.execute(db);
}
