import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { DesiredState, EndReason, StepState, WorkflowState } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import type { FakeWorkflow, Work } from "./testing/fake-queue.ts";
import { FakeServer } from "./testing/fake-server.ts";
import { startAgent, temporaryFolder } from "./testing/test-agent.ts";

/** A build of one step for each script. */
function build(...scripts: string[]): Work {
  const steps = scripts.map((run, index) => ({ name: `step ${index + 1}`, run, shell: "sh", timeoutMs: 0 }));
  return { plan: { case: "build", value: { steps } } };
}

/** The states reported of each step, in order: "step 1: running, succeeded". */
function reported({ updates }: FakeWorkflow): string[] {
  const names = new Map<number, string>(Object.entries(StepState).map(([name, value]) => [value, name.toLowerCase()]));
  const steps = Map.groupBy(updates, ({ stepRun }) => stepRun?.step ?? "");
  return [...steps].map(([step, all]) => `${step}: ${all.map(({ state }) => names.get(state)).join(", ")}`);
}

async function setUp(t: TestContext, options: Parameters<typeof startAgent>[2] = {}) {
  const server = await FakeServer.start(t);
  const stateDirectory = await temporaryFolder(t);
  const started = await startAgent(t, server, { stateDirectory, ...options });
  return { server, stateDirectory, ...started };
}

const away = () => {
  throw new ConnectError("away", Code.Unavailable);
};

suite("a build", () => {
  test("that passes is reported step by step, with its log, and leaves nothing behind", async (t) => {
    const { server, stateDirectory, agent, ended } = await setUp(t);
    const workflow = server.queue.submit(build("echo one; echo two >&2", "printf 'no newline'"));
    const done = await server.ended(workflow);
    assert.equal(done.state, WorkflowState.SUCCEEDED);
    assert.equal(done.endReason, EndReason.COMPLETED);
    assert.deepEqual(reported(workflow), ["step 1: running, succeeded", "step 2: running, succeeded"]);
    assert.deepEqual(workflow.lines.get("step 1")?.toSorted(), ["one", "two"]);
    assert.deepEqual(workflow.lines.get("step 2"), ["no newline"]);
    assert.deepEqual(
      done.lines.map(({ step, lineCount }) => [step, lineCount]),
      [
        ["step 1", 2],
        ["step 2", 1],
      ],
    );
    agent.drain();
    await ended;
    for (const folder of ["held", "spool", "work"]) assert.deepEqual(await readdir(join(stateDirectory, folder)), []);
  });

  test("runs in an empty folder that its steps share, with nothing of the agent's environment", async (t) => {
    process.env["GROUNDCREW_AGENT_TOKEN"] = "not for steps";
    t.after(() => delete process.env["GROUNDCREW_AGENT_TOKEN"]);
    const { server } = await setUp(t, { stepEnv: { A: "operator", B: "operator", C: "operator" } });
    const step = { name: "show", run: "ls -A; env; test -d $HOME; test -d $TMPDIR", shell: "bash", env: { A: "step" } };
    const steps = [
      { ...step },
      { name: "write", run: "touch kept", shell: "sh" },
      { name: "read", run: "ls", shell: "sh" },
    ];
    const workflow = server.queue.submit({ plan: { case: "build", value: { steps, env: { A: "plan", B: "plan" } } } });
    assert.equal((await server.ended(workflow)).state, WorkflowState.SUCCEEDED);
    const shown = workflow.lines.get("show") ?? [];
    for (const line of [
      "A=step",
      "B=plan",
      "C=operator",
      "CI=true",
      "GROUNDCREW_STEP=show",
      "GROUNDCREW_AGENT=tester",
    ]) {
      assert.ok(shown.includes(line), `${line} in ${shown.join("\n")}`);
    }
    assert.ok(!shown.some((line) => line.includes("not for steps")));
    assert.deepEqual(workflow.lines.get("read"), ["kept"]);
  });

  test("ends at the first step that fails; the later ones are skipped", async (t) => {
    const { server } = await setUp(t);
    const workflow = server.queue.submit(build("true", "exit 3", "true"));
    const done = await server.ended(workflow);
    assert.deepEqual([done.state, done.endReason], [WorkflowState.FAILED, EndReason.STEP_FAILED]);
    assert.match(done.error, /step "step 2" exited with code 3/);
    assert.deepEqual(reported(workflow).slice(1), ["step 2: running, failed", "step 3: skipped"]);
    assert.equal(workflow.updates.find(({ state }) => state === StepState.FAILED)?.exitCode, 3);
  });

  test("whose script is larger than an argument may be runs all the same", async (t) => {
    const { server } = await setUp(t);
    const workflow = server.queue.submit(build(`# ${"x".repeat(300_000)}\necho ran`));
    await server.ended(workflow);
    assert.deepEqual(workflow.lines.get("step 1"), ["ran"]);
  });

  test("runs beside others, as many as there are slots", async (t) => {
    const { server } = await setUp(t, { capacity: 3 });
    const meet = "touch $MEET/$GROUNDCREW_WORKFLOW_ID; while [ $(ls $MEET | wc -l) -lt 3 ]; do sleep 0.01; done";
    const MEET = await temporaryFolder(t);
    const steps = [{ name: "meet", run: meet, shell: "sh", env: { MEET } }];
    const workflows = [1, 2, 3].map(() => server.queue.submit({ plan: { case: "build", value: { steps } } }));
    for (const workflow of workflows) assert.equal((await server.ended(workflow)).state, WorkflowState.SUCCEEDED);
  });
});

suite("a build that something goes wrong with", () => {
  test("ends with its log, though the server refuses every report of its step", async (t) => {
    const { server } = await setUp(t);
    server.refuse = (method) => {
      if (method === "update") throw new ConnectError("no such step", Code.InvalidArgument);
    };
    const workflow = server.queue.submit(build("echo one"));
    assert.equal((await server.ended(workflow)).state, WorkflowState.SUCCEEDED);
    assert.deepEqual(workflow.lines.get("step 1"), ["one"]);
  });

  test("ends as the agent's fault when the disk does not take its log", async (t) => {
    const { server, stateDirectory } = await setUp(t);
    const workflow = server.queue.submit(build(`rm -r ${join(stateDirectory, "spool")}/*; echo lost`));
    const done = await server.ended(workflow);
    assert.deepEqual([done.state, done.endReason], [WorkflowState.FAILED, EndReason.AGENT_ERROR]);
  });
});

suite("stopping a build", () => {
  for (const way of ["Wait", "Extend"] as const) {
    test(`a cancel that ${way} tells ends the running step and skips the later ones`, async (t) => {
      const { server } = await setUp(t);
      server.refuse = (method) => void (method === (way === "Wait" ? "extend" : "wait") && away());
      const workflow = server.queue.submit(build("echo runs; sleep 1000", "true"));
      await server.until(() => workflow.lines.has("step 1"));
      server.queue.cancel(workflow, "ada");
      const done = await server.ended(workflow);
      assert.deepEqual([done.state, done.endReason], [WorkflowState.CANCELED, EndReason.CANCELED]);
      assert.deepEqual(reported(workflow), ["step 1: running, canceled", "step 2: skipped"]);
      assert.match(workflow.lines.get("step 1")?.at(-1) ?? "", /^canceled/);
    });
  }

  const timeouts: [name: string, work: Work, reason: EndReason][] = [
    [
      "its step",
      {
        plan: { case: "build", value: { steps: [{ name: "step 1", run: "sleep 1000", shell: "sh", timeoutMs: 50 }] } },
      },
      EndReason.STEP_TIMEOUT,
    ],
    ["the workflow", { ...build("sleep 1000"), timeoutMs: 50 }, EndReason.WORKFLOW_TIMEOUT],
  ];
  for (const [name, work, reason] of timeouts) {
    test(`the timeout of ${name} ends it as timed out, not as canceled`, async (t) => {
      const { server } = await setUp(t);
      const workflow = server.queue.submit(work);
      const done = await server.ended(workflow);
      assert.deepEqual([done.state, done.endReason], [WorkflowState.TIMED_OUT, reason]);
      assert.deepEqual(reported(workflow), ["step 1: running, timed_out"]);
    });
  }

  test("a lost lease stops the step, and nothing more is reported", async (t) => {
    const { server, stateDirectory, agent, ended } = await setUp(t);
    const workflow = server.queue.submit(build("echo runs; sleep 1000"));
    await server.until(() => workflow.lines.has("step 1"));
    server.queue.lose(workflow);
    const next = server.queue.submit(build("true"));
    await server.ended(next);
    agent.drain();
    await ended;
    assert.deepEqual(reported(workflow), ["step 1: running"]);
    assert.equal(workflow.done, undefined);
    assert.deepEqual(await readdir(join(stateDirectory, "spool")), []);
  });
});

suite("asking for work", () => {
  test("a poll that is out when a slot frees is asked again with the new number, under the same id", async (t) => {
    const { server } = await setUp(t);
    const gate = join(await temporaryFolder(t), "gate");
    const workflow = server.queue.submit(build(`while [ ! -e ${gate} ]; do sleep 0.01; done`));
    await server.until(() => server.polls.at(-1)?.freeSlots === 1);
    const before = server.polls.length;
    await writeFile(gate, "");
    await server.ended(workflow);
    await server.until(() => server.polls.at(-1)?.freeSlots === 2);
    assert.equal(server.polls.length, before + 1);
    assert.equal(server.polls.at(-1)?.pollId, server.polls.at(-2)?.pollId);
  });

  test("stops while the operator wants it drained, and goes on after", async (t) => {
    const server = await FakeServer.start(t);
    server.desiredState = DesiredState.DRAINING;
    await startAgent(t, server);
    const workflow = server.queue.submit(build("true"));
    await server.until(() => server.healthReports.length > 2);
    assert.deepEqual(server.polls, []);
    server.desiredState = DesiredState.READY;
    assert.equal((await server.ended(workflow)).state, WorkflowState.SUCCEEDED);
  });
});

suite("an agent that is drained before it serves", () => {
  test("ends quietly while it waits for the server", async (t) => {
    const server = await FakeServer.start(t);
    server.refuse = (method) => void (method === "registerAgent" && away());
    const { agent, ended } = await startAgent(t, server);
    await server.until(() => server.calls.get("registerAgent") !== undefined);
    agent.drain();
    await ended;
  });

  test("still says why it could not have served", async (t) => {
    const { agent, ended } = await startAgent(t, await FakeServer.start(t), { token: undefined });
    agent.drain();
    await assert.rejects(ended, /crew agents enroll/);
  });
});

suite("answers that get lost", () => {
  test("an Extend that is not answered within a second or its interval is asked again", async (t) => {
    const { server } = await setUp(t);
    let silent = 0;
    server.refuse = async (method) => {
      if (method === "wait") away();
      if (method === "extend" && silent++ === 0) await new Promise(() => {});
    };
    const workflow = server.queue.submit(build("exec sleep 1000"));
    server.queue.cancel(workflow, "ada");
    assert.equal((await server.ended(workflow)).state, WorkflowState.CANCELED);
  });

  test("a lost answer to Next is asked for again under the same id, and the work is started once", async (t) => {
    const { server } = await setUp(t);
    let lost = 0;
    server.loseAnswer = (method, answer) => {
      const grants = method === "next" ? (answer as { grants: unknown[] }).grants : [];
      if (grants.length > 0 && lost++ === 0) away();
    };
    const workflow = server.queue.submit(build("echo once"));
    await server.ended(workflow);
    assert.equal(workflow.inits, 1);
    assert.deepEqual(workflow.lines.get("step 1"), ["once"]);
  });

  test("every answer lost once changes nothing", async (t) => {
    const { server } = await setUp(t);
    const lost = new Set<string>();
    server.loseAnswer = (method) => {
      if (method === "next" || method === "registerAgent" || lost.has(method)) return;
      lost.add(method);
      away();
    };
    const workflow = server.queue.submit(build("echo one; echo two"));
    assert.equal((await server.ended(workflow)).state, WorkflowState.SUCCEEDED);
    assert.deepEqual(workflow.lines.get("step 1"), ["one", "two"]);
  });

  test("a server that was away while steps ran has every line, in order; the log tells it once", async (t) => {
    const { server, logged } = await setUp(t);
    const gate = join(await temporaryFolder(t), "gate");
    const workflow = server.queue.submit(
      build(`seq 1 2000; while [ ! -e ${gate} ]; do sleep 0.01; done; seq 2001 4000`, "echo next"),
    );
    await server.until(() => workflow.lines.has("step 1"));
    await server.down();
    await writeFile(gate, "");
    await server.up();
    assert.equal((await server.ended(workflow)).state, WorkflowState.SUCCEEDED);
    assert.deepEqual(
      workflow.lines.get("step 1"),
      Array.from({ length: 4000 }, (_, index) => String(index + 1)),
    );
    assert.deepEqual(workflow.lines.get("step 2"), ["next"]);
    assert.equal(logged.filter((line) => line.includes("does not answer")).length, 1);
    assert.equal(logged.filter((line) => line.includes("answers again")).length, 1);
  });

  test("lines that the server turns out to lack at Done are sent again", async (t) => {
    const { server } = await setUp(t);
    const workflow = server.queue.submit(build("seq 1 100"));
    let forgot = false;
    server.refuse = (method) => {
      if (method !== "done" || forgot) return;
      forgot = true;
      workflow.lines.get("step 1")?.splice(40);
    };
    await server.ended(workflow);
    assert.deepEqual(
      workflow.lines.get("step 1"),
      Array.from({ length: 100 }, (_, index) => String(index + 1)),
    );
    assert.equal(forgot, true);
  });
});
