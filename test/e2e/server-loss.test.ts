import { WorkflowState } from "@groundcrew/proto";
import {
  eventually,
  launchServer,
  readLogs,
  startAgent,
  startServer,
  submit,
  temporaryFolder,
  untilEnded,
  untilLogged,
  workflowOf,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import postgres from "postgres";
import { TALK } from "./support/talk.ts";

async function startTalking(t: TestContext, start = startServer) {
  const server = await start(t);
  await startAgent(t, server);
  const gate = join(await temporaryFolder(t, "gate"), "open");
  const submitted = await submit(server, TALK, { GATE: gate });
  await untilLogged(server, submitted, "line 20");
  /** Lets the step end and checks that nothing was lost or run twice. */
  const finish = async (): Promise<void> => {
    await writeFile(gate, "");
    const workflow = workflowOf(await untilEnded(server, submitted.id));
    assert.deepEqual([workflow.state, workflow.attempt, workflow.epoch], [WorkflowState.SUCCEEDED, 1, "1"]);
    const [lines = []] = (await readLogs(server, { workflowId: workflow.id })).values();
    const count = lines.length - 1;
    assert.ok(count > 20);
    assert.deepEqual(lines, [...Array.from({ length: count }, (_, index) => `line ${index}`), `last ${count}`]);
  };
  return { server, submitted, finish };
}

suite("a server that is lost", { concurrency: true }, () => {
  test("and comes back finds its workflows running on, and every line of them", async (t) => {
    const { server, submitted, finish } = await startTalking(t);
    for (const line of [60, 100]) {
      await server.restart();
      await untilLogged(server, submitted, `line ${line}`);
    }
    await finish();
  });

  test("with a Postgres of its own finds everything in it again", async (t) => {
    const { server, submitted, finish } = await startTalking(t, launchServer);
    await server.restart();
    await untilLogged(server, submitted, "line 60");
    await finish();
  });

  test("for an hour ends nothing", async (t) => {
    const { server, submitted, finish } = await startTalking(t);
    await server.kill();
    const sql = postgres(server.databaseUrl, { max: 1 });
    // An hour that need not be waited for.
    await sql`update liveness set alive_at = alive_at - interval '1 hour', up_since = up_since - interval '2 hours'`;
    await sql`update workflows set expires_at = expires_at - interval '1 hour'`;
    await sql.end();
    await server.start();
    await untilLogged(server, submitted, "line 60");
    await finish();
  });

  test("while steps end hears of the ends when it is back, with every line", async (t) => {
    const { server, submitted, finish } = await startTalking(t);
    await server.kill();
    // Opened while nobody can hear of it: the workflow ends on the agent, its end and its last lines wait there.
    const finished = finish();
    await server.start();
    await finished;
    assert.equal((await untilEnded(server, submitted.id)).state, WorkflowState.SUCCEEDED);
  });

  test("because an operator stops it answers what it holds, exits 0 at once, and leaves no ready file", async (t) => {
    const server = await startServer(t, { flags: ["--poll-hold", "50s"] });
    await startAgent(t, server);
    const waiting = await submit(server, `workflows: { w: { steps: [{ run: echo started; sleep 600 }] } }`);
    await untilLogged(server, waiting, "started");
    // Held now: the agent's Next and Wait, and this watch.
    const watch = untilLogged(server, waiting, "never").catch(() => undefined);
    const startedMs = performance.now();
    assert.deepEqual(await server.stop(), { exitCode: 0, signal: undefined });
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 3_000, `it took ${Math.round(tookMs)} ms`);
    assert.ok(!existsSync(join(server.stateDir, "../ready.json")));
    await watch;
  });
});

suite("a Postgres that is lost", { concurrency: true }, () => {
  test("and comes back has lost nothing that was acknowledged", async (t) => {
    const { server, submitted, finish } = await startTalking(t);
    const sql = postgres(server.databaseUrl, { max: 1 });
    for (const line of [60, 100, 140]) {
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
    await untilAgain(() => untilLogged(server, submitted, "line 100"));
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
