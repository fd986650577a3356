import assert from "node:assert/strict";
import { copyFile, readdir, readFile, stat, watch, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { openBackend } from "@groundcrew/engine";
import { EndReason, WorkflowState } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { spawnAgent } from "./testing/agent-process.ts";
import type { Work } from "./testing/fake-queue.ts";
import { FakeServer } from "./testing/fake-server.ts";
import { lifeline } from "./testing/lifeline.ts";
import { temporaryFolder } from "./testing/test-agent.ts";

const hasSandbox = await openBackend({ name: "sandbox", hiddenPaths: [] }).then(
  () => true,
  () => false,
);

async function setUp(t: TestContext, flags: readonly string[] = []) {
  const server = await FakeServer.start(t);
  const stateDirectory = await temporaryFolder(t);
  return { server, stateDirectory, ...spawnAgent(server, stateDirectory, { flags }) };
}

function build(run: string): Work {
  return { plan: { case: "build", value: { steps: [{ name: "step", run, shell: "sh" }] } } };
}

function refuse(code: Code, message: string) {
  return (method: string) => {
    if (method === "registerAgent") throw new ConnectError(message, code);
  };
}

/** Resolves once a spool holds a text. */
async function spooled(directory: string, text: string): Promise<void> {
  const found = new AbortController();
  const changes = watch(directory, { signal: found.signal });
  const look = async () => {
    const files = await Promise.all(
      (await readdir(directory)).map((name) => readFile(join(directory, name), "latin1")),
    );
    if (files.some((content) => content.includes(text))) found.abort();
  };
  await assert.rejects(
    async () => {
      for await (const _ of changes) await look();
    },
    { name: "AbortError" },
  );
}

suite("an idle agent", () => {
  // The way bin/groundcrew-agent runs it: a filled compile cache does without the type stripper's memory.
  test("uses less than 100 MB of memory", async (t) => {
    const server = await FakeServer.start(t);
    const env = { NODE_COMPILE_CACHE: await temporaryFolder(t) };
    const first = spawnAgent(server, await temporaryFolder(t), { env });
    await server.until(() => server.healthReports.length > 0);
    first.child.kill("SIGTERM");
    await first.exited;
    const { child } = spawnAgent(server, await temporaryFolder(t), { env, nodeFlags: ["--max-semi-space-size=2"] });
    await server.until(() => server.registrations.length === 2 && server.healthReports.length > 4);
    const status = await readFile(`/proc/${child.pid}/status`, "utf8");
    const rssMb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    assert.ok(rssMb < 100, `${rssMb} MB`);
  });

  test("keeps its credential to itself, and shows it instead of the token from then on", async (t) => {
    const { server, stateDirectory, child, exited, logged } = await setUp(t);
    await server.until(() => server.healthReports.length > 0);
    child.kill("SIGTERM");
    assert.deepEqual(await exited, { code: 0, signal: null });
    assert.equal((await stat(join(stateDirectory, "identity.json"))).mode & 0o777, 0o600);
    assert.equal(logged.join("\n").includes("gca_"), false);
    const { credential } = JSON.parse(await readFile(join(stateDirectory, "identity.json"), "utf8"));
    assert.match(credential, /^gca_/);
  });
});

test("a state directory may be named relative to the folder that the agent is started in", async (t) => {
  const server = await FakeServer.start(t);
  spawnAgent(server, relative(process.cwd(), await temporaryFolder(t)));
  const workflow = server.queue.submit(build("cd / && test -d $HOME && test -d $TMPDIR"));
  assert.equal((await server.ended(workflow)).state, WorkflowState.SUCCEEDED);
});

suite("SIGTERM", () => {
  test("lets what runs finish, takes nothing more, says bye and exits 0", async (t) => {
    const { server, stateDirectory, child, exited } = await setUp(t);
    const gate = join(stateDirectory, "gate");
    const workflow = server.queue.submit(
      build(`echo runs; while [ ! -e ${gate} ]; do sleep 0.01; done; echo finished`),
    );
    await server.until(() => workflow.lines.has("step"));
    child.kill("SIGTERM");
    await server.until(() => server.healthReports.some(({ recentLog }) => recentLog.join().includes("draining")));
    const late = server.queue.submit(build("true"));
    await writeFile(gate, "");
    assert.deepEqual(await exited, { code: 0, signal: null });
    assert.equal(workflow.done?.state, WorkflowState.SUCCEEDED);
    assert.deepEqual(workflow.lines.get("step"), ["runs", "finished"]);
    assert.equal(late.inits, 0);
    assert.equal(server.healthReports.at(-1)?.bye, true);
  });

  const ways: [name: string, flags: string[], signals: number][] = [
    ["hands back what is not finished by the drain timeout", ["--drain-timeout", "50ms"], 1],
    ["sent twice, hands back at once", [], 2],
  ];
  for (const [name, flags, signals] of ways) {
    test(name, async (t) => {
      const { server, child, exited, logs } = await setUp(t, flags);
      const { hold, gone } = await lifeline(t);
      const workflow = server.queue.submit(build(`${hold}; echo; exec sleep 1000`));
      await server.until(() => workflow.lines.has("step"));
      child.kill("SIGTERM");
      if (signals === 2) await logs("draining: finishing what runs").then(() => child.kill("SIGTERM"));
      assert.deepEqual(await exited, { code: 0, signal: null });
      assert.deepEqual([workflow.done?.state, workflow.done?.endReason], [WorkflowState.QUEUED, EndReason.HANDED_BACK]);
      await gone;
    });
  }
});

suite("SIGHUP", () => {
  test("reads the file again: labels and capacity count at once, a mistake or another setting changes nothing", async (t) => {
    const server = await FakeServer.start(t);
    const stateDirectory = await temporaryFolder(t);
    const config = join(stateDirectory, "agent.yaml");
    await writeFile(config, "labels: { os: linux }\n");
    const env = { GROUNDCREW_AGENT_CONFIG: config };
    const { child, logs } = spawnAgent(server, join(stateDirectory, "state"), { env });
    await server.until(() => server.healthReports.length > 0);
    assert.deepEqual(server.registrations[0]?.info?.labels, { os: "linux" });
    await writeFile(config, "capacity: many\n");
    child.kill("SIGHUP");
    await logs("everything stays as it was");
    await writeFile(config, "labels: { os: linux, gpu: h200 }\ncapacity: 7\nstep-env: { A: b }\n");
    child.kill("SIGHUP");
    await server.until(() => server.healthReports.some(({ offer }) => offer?.capacity === 7));
    const offers = server.healthReports.flatMap(({ offer }) => (offer ? [offer.labels] : []));
    assert.deepEqual(offers, [{ os: "linux", gpu: "h200" }]);
    assert.equal(server.registrations.length, 1);
    await logs('"settings":["stepEnv"]');
  });
});

suite("--once", () => {
  test("takes one workflow, ends it with its log, leaves for good and forgets who it was", async (t) => {
    const { server, stateDirectory, exited } = await setUp(t, ["--once", "--capacity", "4"]);
    const gate = join(stateDirectory, "gate");
    const first = server.queue.submit(build(`until [ -e ${gate} ]; do sleep 0.01; done; echo finished; false`));
    await server.until(() => first.inits === 1);
    const second = server.queue.submit(build("true"));
    const reports = server.healthReports.length;
    await server.until(() => server.healthReports.length > reports + 1);
    await writeFile(gate, "");
    assert.deepEqual(await exited, { code: 0, signal: null });
    assert.equal(server.registrations[0]?.info?.capacity, 1);
    assert.deepEqual([first.done?.state, first.lines.get("step")], [WorkflowState.FAILED, ["finished"]]);
    assert.deepEqual([second.inits, server.polls.length, server.unregistered], [0, 1, 1]);
    assert.ok(!(await readdir(stateDirectory)).includes("identity.json"));
  });

  test("that is told to stop before any work came leaves for good, too", async (t) => {
    const { server, child, exited } = await setUp(t, ["--once"]);
    await server.until(() => server.healthReports.length > 0);
    child.kill("SIGTERM");
    assert.deepEqual(await exited, { code: 0, signal: null });
    assert.equal(server.unregistered, 1);
  });

  test("that the server does not let go says goodbye and keeps its identity", async (t) => {
    const { server, stateDirectory, child, exited } = await setUp(t, ["--once"]);
    await server.until(() => server.healthReports.length > 0);
    server.refuse = (method) => {
      if (method === "unregisterAgent") throw new ConnectError("it holds a lease", Code.FailedPrecondition);
    };
    child.kill("SIGTERM");
    assert.deepEqual(await exited, { code: 0, signal: null });
    assert.equal(server.healthReports.at(-1)?.bye, true);
    assert.ok((await readdir(stateDirectory)).includes("identity.json"));
  });
});

suite("SIGKILL", () => {
  test("ends all that it started, and the next process says so and sends what was not sent", async (t) => {
    const { server, stateDirectory, child, exited } = await setUp(t);
    let away = false;
    server.refuse = (method) => {
      if (away && method === "enqueueLog") throw new ConnectError("away", Code.Unavailable);
    };
    const gate = join(stateDirectory, "gate");
    const { hold, gone } = await lifeline(t);
    const script = `
      ${hold}
      echo a
      setsid sh -c 'echo b; exec sleep 1000' &
      while [ ! -e ${gate} ]; do sleep 0.01; done
      seq 1 1000
      exec sleep 1000`;
    const workflow = server.queue.submit(build(script));
    await server.until(() => workflow.lines.get("step")?.length === 2);
    away = true;
    const directory = join(stateDirectory, "spool", `${workflow.grant.workflowId}-${workflow.grant.epoch}`, "0");
    const isSpooled = spooled(directory, "1000");
    await writeFile(gate, "");
    await isSpooled;
    child.kill("SIGKILL");
    await exited;
    await gone;

    away = false;
    const next = spawnAgent(server, stateDirectory);
    await next.logs("an earlier process was killed while it ran this workflow");
    await server.until(() => workflow.lines.get("step")?.length === 1002);
    assert.deepEqual(
      workflow.lines.get("step")?.slice(2),
      Array.from({ length: 1000 }, (_, index) => String(index + 1)),
    );
    assert.deepEqual(server.registrations.at(-1)?.held, []);
    await next.logs("sent a log that an earlier process left");
    next.child.kill("SIGTERM");
    await next.exited;
    for (const folder of ["held", "spool", "work"]) assert.deepEqual(await readdir(join(stateDirectory, folder)), []);
  });

  const skip = hasSandbox ? false : "needs a working bubblewrap (Debian package bubblewrap)";
  test("leaves nothing of a sandbox alive, whatever it made of itself", { skip }, async (t) => {
    const { hold, gone, folder } = await lifeline(t);
    const { server, child, exited } = await setUp(t, ["--backend", "sandbox", "--sandbox-read", folder]);
    const script = `${hold}; trap '' TERM HUP; (setsid sh -c 'echo; exec sleep 1000' &); echo; exec sleep 1000`;
    const workflow = server.queue.submit(build(script));
    await server.until(() => workflow.lines.get("step")?.length === 2);
    child.kill("SIGKILL");
    await exited;
    await gone;
  });
});

suite("an agent that must not go on says why and exits with", () => {
  const refusals: [name: string, arrange: (server: FakeServer) => void, code: number, message: RegExp][] = [
    [
      "3 when its credential is refused",
      (s) => (s.refuse = refuse(Code.Unauthenticated, "unknown token")),
      3,
      /unknown token/,
    ],
    [
      "3 when its role does not allow it",
      (s) => (s.refuse = refuse(Code.PermissionDenied, "not an agent")),
      3,
      /not an agent/,
    ],
    [
      "3 when its name is taken",
      (s) => (s.refuse = refuse(Code.AlreadyExists, "tester exists")),
      3,
      /crew agents reset/,
    ],
    ["3 when it is terminated", (s) => (s.desiredState = 3), 3, /removed this agent/],
    ["4 when no protocol version is common", (s) => (s.protocol = { min: 7, max: 9 }), 4, /7 to 9.*1 to 1/],
  ];
  for (const [name, arrange, code, message] of refusals) {
    test(name, async (t) => {
      const server = await FakeServer.start(t);
      arrange(server);
      const { exited, logged } = spawnAgent(server, await temporaryFolder(t));
      assert.deepEqual(await exited, { code, signal: null });
      assert.match(logged.at(-1) ?? "", message);
    });
  }

  test("3 when a newer process took its place, and its steps end with it", async (t) => {
    const { server, stateDirectory, exited } = await setUp(t);
    const { hold, gone } = await lifeline(t);
    const workflow = server.queue.submit(build(`${hold}; echo; exec sleep 1000`));
    await server.until(() => workflow.lines.has("step"));
    const copy = await temporaryFolder(t);
    await copyFile(join(stateDirectory, "identity.json"), join(copy, "identity.json"));
    spawnAgent(server, copy);
    assert.deepEqual(await exited, { code: 3, signal: null });
    await gone;
    assert.equal(workflow.done, undefined);
  });

  test("2 when another agent runs on its state directory", async (t) => {
    const { server, stateDirectory } = await setUp(t);
    await server.until(() => server.healthReports.length > 0);
    const second = spawnAgent(server, stateDirectory);
    assert.equal((await second.exited).code, 2);
    assert.match(second.logged.at(-1) ?? "", /another agent \(process \d+\) runs on the state directory/);
  });

  test("2 when the state directory belongs to another server", async (t) => {
    const { server, stateDirectory, child, exited } = await setUp(t);
    await server.until(() => server.healthReports.length > 0);
    child.kill("SIGTERM");
    await exited;
    const other = spawnAgent(await FakeServer.start(t), stateDirectory);
    assert.equal((await other.exited).code, 2);
    assert.match(other.logged.at(-1) ?? "", /belongs to agent .*tester.* of http:\/\/127/);
  });

  test("2 when the state directory cannot be made", async (t) => {
    const server = await FakeServer.start(t);
    const file = join(await temporaryFolder(t), "file");
    await writeFile(file, "");
    const { exited, logged } = spawnAgent(server, join(file, "agent"));
    assert.equal((await exited).code, 2);
    assert.match(logged.at(-1) ?? "", /cannot be used: .*--state-dir/);
  });
});
