import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { pino } from "pino";
import { powerOff } from "./power-off.ts";
import { FakeServer } from "./testing/fake-server.ts";
import { startAgent, temporaryFolder } from "./testing/test-agent.ts";

const log = pino({ level: "silent" });

/** A PATH with stand-ins that note how they were called, and end with these exit codes. */
async function commands(t: TestContext, exitCodes: Record<string, number>) {
  const folder = await temporaryFolder(t);
  for (const [name, code] of Object.entries(exitCodes)) {
    const script = `#!/bin/sh\necho "${name} $*" >> ${folder}/called\nexit ${code}\n`;
    await writeFile(join(folder, name), script, { mode: 0o755 });
  }
  return { env: { PATH: folder }, called: () => readFile(join(folder, "called"), "utf8").catch(() => "") };
}

suite("switching the machine off", () => {
  const cases: [codes: Record<string, number>, called: string, error?: RegExp][] = [
    [{ systemctl: 0, shutdown: 0 }, "systemctl poweroff\n"],
    [{ systemctl: 1, shutdown: 0 }, "systemctl poweroff\nshutdown -h now\n"],
    [{ shutdown: 0 }, "shutdown -h now\n"],
    [{ systemctl: 1 }, "systemctl poweroff\n", /neither of systemctl and shutdown worked/],
  ];
  for (const [codes, called, error] of cases) {
    test(`with ${JSON.stringify(codes)} calls ${called.trim().replace("\n", ", then ")}`, async (t) => {
      const found = await commands(t, codes);
      if (error) await assert.rejects(powerOff(log, found.env), error);
      else await powerOff(log, found.env);
      assert.equal(await found.called(), called);
    });
  }

  const order = { workflowId: "7", reason: "the profile says so", $typeName: "groundcrew.v1.PowerOff" } as const;
  const directive = { id: "1", generation: "1", action: { case: "powerOff", value: order } } as const;

  test("comes last: after the agent has let go of everything and said that it did so", async (t) => {
    const server = await FakeServer.start(t);
    server.directives = [directive];
    const saidBefore: boolean[] = [];
    const powerOff = async () => void saidBefore.push(server.healthReports.some(({ bye }) => bye));
    const { ended } = await startAgent(t, server, { serves: "vetting", powerOff });
    await ended;
    assert.deepEqual(saidBefore, [true]);
    assert.deepEqual(server.directives, [], "it is acknowledged");
  });

  test("is refused where the agent's settings do not allow it", async (t) => {
    const server = await FakeServer.start(t);
    server.directives = [directive];
    const { logged } = await startAgent(t, server, { serves: "vetting" });
    await server.until(() => server.directives.length === 0);
    assert.ok(logged.some((line) => /ignored: its settings do not allow it/.test(line)));
  });

  test("is refused when the machine has other work by now", async (t) => {
    const server = await FakeServer.start(t);
    const { logged } = await startAgent(t, server, { powerOff: () => assert.fail("it was switched off") });
    const value = { steps: [{ name: "step", run: "sleep 1000", shell: "sh" }] };
    const workflow = server.queue.submit({ plan: { case: "build", value } });
    await server.until(() => workflow.inits === 1);
    server.directives = [directive];
    await server.until(() => server.directives.length === 0);
    assert.ok(logged.some((line) => /ignored: it has other work/.test(line)));
    server.queue.cancel(workflow, "ada");
    await server.ended(workflow);
  });
});
