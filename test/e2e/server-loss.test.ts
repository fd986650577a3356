import { WorkflowState } from "@groundcrew/proto";
import { launchServer, startAgent, startServer, submit, untilEnded, untilLogged } from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { startTalking } from "./support/talk.ts";

suite("a server that is lost", { concurrency: true }, () => {
  test("and comes back finds its workflows running on, and every line of them", async (t) => {
    const { server, submitted, finish } = await startTalking(t);
    for (const line of [20, 35]) {
      await server.restart();
      await untilLogged(server, submitted, `line ${line}`);
    }
    await finish();
  });

  test("with a Postgres of its own finds everything in it again", async (t) => {
    const { server, submitted, finish } = await startTalking(t, launchServer);
    await server.restart();
    await untilLogged(server, submitted, "line 20");
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
