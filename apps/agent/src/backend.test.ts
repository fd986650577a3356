import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { openBackend } from "@groundcrew/engine";
import { EndReason, WorkflowState } from "@groundcrew/proto";
import { ExitCode } from "./exit.ts";
import type { Work } from "./testing/fake-queue.ts";
import { FakeServer } from "./testing/fake-server.ts";
import { startAgent, temporaryFolder } from "./testing/test-agent.ts";

const hasSandbox = await openBackend({ name: "sandbox", hiddenPaths: [] }).then(
  () => true,
  () => false,
);
const skip = hasSandbox ? false : "needs a working bubblewrap (Debian package bubblewrap)";

function build(run: string): Work {
  return { plan: { case: "build", value: { steps: [{ name: "step", run, shell: "sh" }] } } };
}

async function setUp(t: TestContext, options: Parameters<typeof startAgent>[2] = {}) {
  const server = await FakeServer.start(t);
  const stateDirectory = await temporaryFolder(t);
  const started = await startAgent(t, server, { stateDirectory, ...options });
  return { server, stateDirectory, ...started };
}

suite("an agent's backend", () => {
  test("is sandbox by default: a step cannot reach the agent's credential", { skip }, async (t) => {
    const { server, stateDirectory } = await setUp(t, { backend: { name: "auto" } });
    const workflow = server.queue.submit(
      build(`cat ${stateDirectory}/identity.json 2>&- || ls ${stateDirectory}; echo >new`),
    );
    assert.equal((await server.ended(workflow)).state, WorkflowState.SUCCEEDED);
    assert.deepEqual(workflow.lines.get("step"), ["work"]);
    assert.equal(server.registrations[0]?.info?.backend, "sandbox");
  });

  test("local refuses untrusted work, and runs nothing of it", async (t) => {
    const { server } = await setUp(t);
    const workflow = server.queue.submit({ ...build("echo ran"), untrusted: true });
    const done = await server.ended(workflow);
    assert.deepEqual([done.state, done.endReason], [WorkflowState.FAILED, EndReason.AGENT_ERROR]);
    assert.match(done.error, /the local backend does not run untrusted work/);
    assert.equal(workflow.lines.size, 0);
  });

  test("that does not work here ends the agent, with what is missing", async (t) => {
    const { PATH } = process.env;
    process.env["PATH"] = await temporaryFolder(t);
    t.after(() => (process.env["PATH"] = PATH));
    const { ended } = await setUp(t, { backend: { name: "sandbox" } });
    await assert.rejects(ended, { exitCode: ExitCode.BAD_SETTINGS, message: /Debian package bubblewrap/ });
  });
});

test("a checkout that a sandbox cannot see says which setting shows it", { skip }, async (t) => {
  const { server, stateDirectory } = await setUp(t, { backend: { name: "sandbox" } });
  const checkout = { repository: `file://${stateDirectory}/app` };
  const steps = [{ name: "step", run: "true", shell: "sh" }];
  const workflow = server.queue.submit({ plan: { case: "build", value: { checkout, steps } } });
  assert.equal((await server.ended(workflow)).state, WorkflowState.FAILED);
  assert.match(workflow.lines.get("(checkout)")?.at(-1) ?? "", /sandbox backend .* --sandbox-read names/);
});

suite("a workspace", () => {
  test("of a workflow that failed is kept when that is asked for, and survives the next start", async (t) => {
    const { server, stateDirectory, agent, ended } = await setUp(t, { keepWorkspaces: "failed" });
    const passed = server.queue.submit(build("echo passed >file"));
    await server.ended(passed);
    const failed = server.queue.submit(build("echo failed >file; exit 1"));
    await server.ended(failed);
    agent.drain();
    await ended;
    const next = await startAgent(t, server, { stateDirectory });
    await next.agent.started;
    const { workflowId, epoch } = failed.grant;
    assert.deepEqual(await readdir(join(stateDirectory, "kept")), [`${workflowId}-${epoch}`]);
    const file = join(stateDirectory, "kept", `${workflowId}-${epoch}`, "workspace", "file");
    assert.equal(await readFile(file, "utf8"), "failed\n");
    assert.deepEqual(await readdir(join(stateDirectory, "work")), []);
  });

  test("that outgrows its quota fails its step with the reason", async (t) => {
    const { server } = await setUp(t, { workspaceMaxBytes: 2 ** 20 });
    const workflow = server.queue.submit(build("head -c 4000000 /dev/zero >big; exec sleep 1000"));
    const done = await server.ended(workflow);
    assert.deepEqual([done.state, done.endReason], [WorkflowState.FAILED, EndReason.STEP_FAILED]);
    assert.match(done.error, /quota of 1048576 bytes/);
  });
});
