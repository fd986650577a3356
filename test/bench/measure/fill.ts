import type postgres from "postgres";

/**
 * Queues copies of a workflow by SQL alone, for a depth that no submitter would have the patience for: the same row with
 * an id and a turn of its own. Copies have no history.
 */
export async function copyWorkflow(sql: postgres.Sql, id: string, copies: number): Promise<void> {
  const columns = await sql<{ name: string }[]>`
    select column_name as name from information_schema.columns
    where table_schema = 'public' and table_name = 'workflows' and column_name <> 'id' order by ordinal_position`;
  const names = columns.map(({ name }) => name);
  const values = names.map((name) => (name === "fair_key" ? "fair_key + copy" : `"${name}"`));
  await sql.unsafe(
    `insert into workflows (${names.map((name) => `"${name}"`).join(", ")})
     select ${values.join(", ")} from workflows cross join generate_series(1, $2::integer) as copy where id = $1`,
    [id, copies],
  );
}

/** What autovacuum would have done by the time a queue is that deep. */
export async function settle(sql: postgres.Sql): Promise<void> {
  await sql`vacuum (analyze) workflows`;
  await sql`checkpoint`;
}
