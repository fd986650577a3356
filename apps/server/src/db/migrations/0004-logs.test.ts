import { freshDatabase } from "@groundcrew/testkit";
import { sql, type Kysely } from "kysely";
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../connection.ts";
import { foundation } from "./0001-foundation.ts";
import { queue } from "./0002-queue.ts";
import { logs } from "./0004-logs.ts";

test("log chunks that were stored before are carried into the table of their day", async (t) => {
  const { db, close } = connect(await freshDatabase({ prepare: () => Promise.resolve() }), 1);
  t.after(close);
  // The suite's databases are migrated already.
  await sql`drop schema public cascade`.execute(db);
  await sql`create schema public`.execute(db);
  const untyped = db as unknown as Kysely<unknown>;
  await foundation(untyped);
  await queue(untyped);
  await sql`insert into step_runs (workflow_id, epoch, step, try, state, next_line)
    values (1, 1, 'run', 1, 'running', 7)`.execute(db);
  await sql`insert into log_chunks (step_run_id, first_line, line_count, data) values (1, 0, 7, 'x')`.execute(db);
  await logs(untyped);
  const { rows } = await sql`
    select s.id, c.line_count, s.log_moved, c.tableoid::regclass::text = 'log_chunks_' || to_char(s.log_day, 'YYYYMMDD') as placed
    from step_runs s join log_chunks c on c.step_run_id = s.id and c.log_day = s.log_day`.execute(db);
  assert.deepEqual(rows, [{ id: "1", line_count: 7, log_moved: false, placed: true }]);
});
