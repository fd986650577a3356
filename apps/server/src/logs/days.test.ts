import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { enrolAgent, insertWorkflow, logLines, startOne } from "../testing/fleet.ts";
import { backdateLogs } from "../testing/log-days.ts";
import { appendLog } from "../testing/verbs.ts";
import { dropLogDays, listLogDays, makeLogDays } from "./days.ts";
import { sweepLogs } from "./sweep.ts";

async function days({ db }: ServerContext): Promise<number[]> {
  const { rows } = await sql<{ ahead: number }>`
    select day::date - (now() at time zone 'utc')::date as ahead
    from unnest(${(await listLogDays(db)).map(({ day }) => day)}::text[]) day order by 1`.execute(db);
  return rows.map(({ ahead }) => ahead);
}

async function countChunks({ db }: ServerContext): Promise<number> {
  return (await db.selectFrom("log_chunks").select("first_line").execute()).length;
}

async function withLog(context: ServerContext): Promise<void> {
  const agent = await enrolAgent(context);
  await insertWorkflow(context);
  await appendLog(context, agent, logLines(await startOne(context, agent), 0, 1));
}

suite("the tables of log chunks", () => {
  test("are made for a week ahead, once by replicas that start together", async (t) => {
    const context = await testContext(t);
    await Promise.all([makeLogDays(context), makeLogDays(context)]);
    assert.deepEqual(await days(context), [0, 1, 2, 3, 4, 5, 6, 7]);
    await sql`drop table ${sql.table((await listLogDays(context.db)).at(-1)?.table ?? "")}`.execute(context.db);
    await makeLogDays(context);
    assert.equal((await days(context)).length, 8);
  });

  test("take a step run's late lines into the table of the day on which it began", async (t) => {
    const context = await testContext(t);
    const agent = await enrolAgent(context);
    await insertWorkflow(context);
    const lease = await startOne(context, agent);
    await appendLog(context, agent, logLines(lease, 0, 1));
    await backdateLogs(t, context, 3);
    await appendLog(context, agent, logLines(lease, 1, 1));
    const { rows } =
      await sql`select distinct (now() at time zone 'utc')::date - log_day as age from log_chunks`.execute(context.db);
    assert.deepEqual(rows, [{ age: 3 }]);
  });

  test("of past days are dropped once no step run needs its chunks, and not before", async (t) => {
    const context = await testContext(t);
    await withLog(context);
    await backdateLogs(t, context, 3);
    assert.equal(await dropLogDays(context), 0);
    await context.db.updateTable("step_runs").set({ log_moved: true }).execute();
    assert.equal(await dropLogDays(context), 1);
    assert.deepEqual([Math.min(...(await days(context))), await countChunks(context)], [0, 0]);
  });

  test("of yesterday stay: what began in them may not be visible yet", async (t) => {
    const context = await testContext(t);
    await backdateLogs(t, context, 1);
    assert.equal(await dropLogDays(context), 0);
  });

  test("leave others be when somebody reads them: they try again later", async (t) => {
    const context = await testContext(t);
    await backdateLogs(t, context, 3);
    await context.db.transaction().execute(async (tx) => {
      await sql`select from log_chunks`.execute(tx);
      await assert.rejects(dropLogDays(context), /lock timeout/);
    });
    assert.equal(await dropLogDays(context), 1);
  });

  test("that others keep are swept of the chunks that nobody needs", async (t) => {
    const context = await testContext(t);
    for (let i = 0; i < 3; i++) await withLog(context);
    const [gone, moved, kept] = await context.db.selectFrom("step_runs").select("id").orderBy("id").execute();
    await context.db
      .deleteFrom("step_runs")
      .where("id", "=", gone?.id ?? "")
      .execute();
    await context.db
      .updateTable("step_runs")
      .set({ log_moved: true })
      .where("id", "=", moved?.id ?? "")
      .execute();
    await sweepLogs(context);
    assert.deepEqual(await context.db.selectFrom("log_chunks").select("step_run_id").execute(), [
      { step_run_id: kept?.id },
    ]);
  });
});
