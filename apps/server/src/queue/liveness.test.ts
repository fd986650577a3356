import { sql } from "kysely";
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ServerContext } from "../context.ts";
import { testContext } from "../testing/context.ts";
import { beat, Heartbeat } from "./liveness.ts";

suite("a beat", () => {
  test("goes on with a stretch whose gap was at most half the TTL, and starts a new one after a longer gap", async (t) => {
    const context = await testContext(t);
    await upFor(context, { upSeconds: 600, silentSeconds: 29 });
    await beat(context);
    assert.ok((await upSeconds(context)) >= 600);
    await upFor(context, { upSeconds: 600, silentSeconds: 31 });
    await beat(context);
    assert.ok((await upSeconds(context)) < 5);
  });

  test("of any replica keeps the stretch of all", async (t) => {
    const context = await testContext(t);
    await upFor(context, { upSeconds: 600, silentSeconds: 20 });
    await beat({ ...context, replica: "a" });
    await beat({ ...context, replica: "b" });
    assert.ok((await upSeconds(context)) >= 600);
    const replicas = await context.db.selectFrom("replicas").select("name").orderBy("name").execute();
    assert.deepEqual(
      replicas.map(({ name }) => name),
      ["a", "b"],
    );
  });

  test("is there as soon as a replica has started; one that stopped is off the list", async (t) => {
    const context = await testContext(t);
    await upFor(context, { upSeconds: 600, silentSeconds: 300 });
    const heartbeat = new Heartbeat(context);
    await heartbeat.start();
    assert.ok((await upSeconds(context)) < 5);
    assert.equal((await context.db.selectFrom("replicas").selectAll().execute()).length, 1);
    await heartbeat.stop();
    await heartbeat.stop();
    assert.deepEqual(await context.db.selectFrom("replicas").selectAll().execute(), []);
  });
});

async function upFor(
  { db }: ServerContext,
  { upSeconds, silentSeconds }: { upSeconds: number; silentSeconds: number },
): Promise<void> {
  await sql`update liveness set up_since = now() - ${upSeconds} * interval '1 second',
    alive_at = now() - ${silentSeconds} * interval '1 second'`.execute(db);
}

async function upSeconds({ db }: ServerContext): Promise<number> {
  const { rows } = await sql<{ seconds: number }>`
    select extract(epoch from now() - up_since)::float8 as seconds from liveness`.execute(db);
  return rows[0]?.seconds ?? Number.NaN;
}
