import { eventually, untilLogged } from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import postgres from "postgres";
import { startTalking } from "../../e2e/support/talk.ts";

test("a server that is lost for an hour ends nothing", async (t) => {
  const { server, submitted, finish } = await startTalking(t);
  await server.kill();
  const sql = postgres(server.databaseUrl, { max: 1 });
  // An hour that need not be waited for.
  await sql`update liveness set alive_at = alive_at - interval '1 hour', up_since = up_since - interval '2 hours'`;
  await sql`update workflows set expires_at = expires_at - interval '1 hour'`;
  await sql.end();
  await server.start();
  await untilLogged(server, submitted, "line 20");
  await finish();
});

suite("a Postgres that is lost", { concurrency: true }, () => {
  test("and comes back has lost nothing that was acknowledged", async (t) => {
    const { server, submitted, finish } = await startTalking(t);
    const sql = postgres(server.databaseUrl, { max: 1 });
    for (const line of [15, 25, 35]) {
      const cut = await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`;
      assert.ok(cut.length > 0, "the server had connections");
      await untilAgain(() => untilLogged(server, submitted, `line ${line}`));
    }
    await sql.end();
    await finish();
  });

  test("for a while makes calls fail as retryable, and the server goes on by itself", async (t) => {
    const { server, submitted, finish } = await startTalking(t);
    const database = new URL(server.databaseUrl).pathname.slice(1);
    const sql = postgres(server.databaseUrl, { max: 1, database: "postgres" });
    await sql.unsafe(`alter database ${database} allow_connections false`);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database}`;
    await assert.rejects(server.operator.whoAmI({}), { code: 14 });
    await sql.unsafe(`alter database ${database} allow_connections true`);
    await sql.end();
    await untilAgain(() => untilLogged(server, submitted, "line 30"));
    await finish();
  });
});

/** Does it again when the outage hit it, too. */
function untilAgain(work: () => Promise<void>): Promise<true> {
  const once = () =>
    work()
      .then(() => true as const)
      .catch(() => undefined);
  return eventually(once, { what: "the server answers again", everyMs: 100 });
}
