import { EndReason, WorkflowState } from "@groundcrew/proto";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { StopError, type StopCause } from "../process/stop-cause.ts";
import { makeWorkspace } from "../workspace/workspace.ts";
import { runPlan, type TestBuildOptions } from "./testing/run-plan.ts";

const sh = (name: string, run: string, more: object = {}) => ({ name, run, shell: "sh", ...more });

/** Stops the build once a text is printed. Hand-backs and losses also end clean-ups, as a lease has it. */
function stopAt(text: string, cause: StopCause, more: TestBuildOptions = {}): TestBuildOptions {
  const [stop, leave] = [new AbortController(), new AbortController()];
  const leaves = ["handed_back", "lost", "abandoned"].includes(cause.kind);
  const onOutput = (printed: string) => {
    if (!printed.includes(text)) return;
    stop.abort(new StopError(cause));
    if (leaves) leave.abort(new StopError(cause));
  };
  return { stop: stop.signal, leave: leave.signal, onOutput, ...more };
}

suite("steps by their condition", () => {
  test("after a failure run those that are meant for it, and the first failure is the build's end", async (t) => {
    const { end, reports } = await runPlan(t, {
      steps: [
        sh("breaks", "exit 3"),
        sh("ordinary", "true"),
        sh("on failure", "true", { condition: 'failure() && steps.breaks.status == "failure"' }),
        sh("clean-up", "exit 1", { always: true }),
      ],
    });
    assert.deepEqual(reports, {
      "breaks 1": "running, failed",
      "ordinary 1": "skipped",
      "on failure 1": "running, succeeded",
      "clean-up 1": "running, failed",
    });
    assert.equal(end.state, WorkflowState.FAILED);
    assert.equal(end.error, 'step "breaks" exited with code 3');
  });

  test("go on after a failure that does not count, and can tell it", async (t) => {
    const condition = 'success() && steps.flaky.status == "failure"';
    const { end, reports } = await runPlan(t, {
      steps: [sh("flaky", "exit 1", { continueOnError: true }), sh("next", "true", { condition })],
    });
    assert.equal(end.state, WorkflowState.SUCCEEDED);
    assert.equal(reports["next 1"], "running, succeeded");
  });

  test("fail where the condition, a computed variable or a secret cannot be told", async (t) => {
    const steps: [step: object, error: RegExp][] = [
      [{ condition: "steps.nobody.status == ''" }, /"odd" could not be started: if: steps\.nobody/],
      [{ computedEnv: { A: "steps.nobody.status" } }, /could not be started: computed_env A: /],
      [{ computedEnv: { A: "[1]" } }, /could not be started: computed_env A: expected a text/],
      [{ secrets: { KEY: "deploy" } }, /could not be started: KEY: there is no secret deploy/],
    ];
    for (const [step, error] of steps) {
      const { end, reports } = await runPlan(t, { steps: [sh("odd", "true", step)] });
      assert.equal(end.endReason, EndReason.STEP_NOT_STARTED);
      assert.match(end.error ?? "", error);
      assert.match(reports["odd 1"] ?? "", /failed$/);
    }
  });
});

suite("what steps hand on", () => {
  test("reaches later steps, and the build's end", async (t) => {
    const steps = [
      sh("version", "echo major=7 >> $GROUNDCREW_OUTPUT; printf 'notes<<E\\none\\ntwo\\nE\\n' >> $GROUNDCREW_OUTPUT", {
        outputs: ["major", "notes", "unset"],
      }),
      sh("use", 'echo "$V/$UNSET/$FROM_HOST/$PARENT"', {
        computedEnv: {
          V: "steps.version.outputs.major + matrix.suffix",
          UNSET: "steps.version.outputs.unset",
          PARENT: "workflows.base.outputs.id",
        },
        env: { V: "loses", PARENT: "loses" },
      }),
    ];
    const parents = [{ name: "base", state: WorkflowState.SUCCEEDED, outputs: { id: "p" } }];
    const { end, logs } = await runPlan(t, { steps, parents, matrix: { suffix: "-x" } });
    assert.equal(logs["use 1"], "7-x//yes/p\n");
    assert.deepEqual(end.outputs, { major: "7", notes: "one\ntwo", unset: "" });
  });

  test("fails the step where it cannot be read", async (t) => {
    const { end } = await runPlan(t, { steps: [sh("odd", "echo hello > $GROUNDCREW_OUTPUT")] });
    assert.match(end.error ?? "", /step "odd": \$GROUNDCREW_OUTPUT, line 1: "hello": expected name=value/);
  });

  test("holds no secret; the step itself gets it in its variable", async (t) => {
    const { end, logs } = await runPlan(t, {
      secrets: [{ name: "deploy", value: "hunter2" }],
      steps: [
        sh("leak", 'test "$KEY" = hunter2; echo "a=$KEY" > $GROUNDCREW_OUTPUT', {
          secrets: { KEY: "deploy" },
          outputs: ["a"],
        }),
        sh("other", 'test -z "${KEY-}"'),
      ],
    });
    assert.equal(end.state, WorkflowState.SUCCEEDED);
    assert.deepEqual(end.outputs, { a: "" });
    assert.match(logs["leak 1"] ?? "", /the output a is not handed on: it holds a secret/);
  });
});

suite("a step that is tried again", () => {
  const retry = { max: 2, backoffMs: 1 };

  test("passes with the try that does; each try has a log and reports of its own", async (t) => {
    const { end, logs, reports } = await runPlan(t, {
      steps: [sh("flaky", "echo try; test -e been || { touch been; exit 1; }", { retry })],
    });
    assert.equal(end.state, WorkflowState.SUCCEEDED);
    assert.deepEqual(reports, { "flaky 1": "running, failed", "flaky 2": "running, succeeded" });
    assert.deepEqual(logs, { "flaky 1": "try\n", "flaky 2": "try\n" });
  });

  test("fails after the last one", async (t) => {
    const { end, reports } = await runPlan(t, { steps: [sh("broken", "exit 1", { retry })] });
    assert.equal(end.endReason, EndReason.STEP_FAILED);
    assert.deepEqual(Object.keys(reports), ["broken 1", "broken 2", "broken 3"]);
  });

  test("is not when the build is canceled meanwhile", async (t) => {
    const steps = [sh("broken", "echo go; exit 1", { retry: { max: 9, backoffMs: 60_000 } })];
    const { end, reports } = await runPlan(t, { steps }, stopAt("go", { kind: "canceled", by: "ada" }));
    assert.notEqual(end.state, WorkflowState.SUCCEEDED);
    assert.deepEqual(Object.keys(reports), ["broken 1"]);
  });
});

test("neighbours of a parallel group run side by side, and all end before one's failure counts", async (t) => {
  const meet = (own: string, other: string) => `touch ${own}; until test -e ${other}; do sleep 0.01; done`;
  const { end, reports } = await runPlan(t, {
    steps: [
      sh("left", `${meet("l", "r")}; exit 1`, { parallel: 1 }),
      sh("right", `${meet("r", "l")}; setsid true; echo done > right`, { parallel: 1 }),
      sh("after", "test -e right", { always: true }),
    ],
  });
  assert.equal(end.error, 'step "left" exited with code 1');
  assert.equal(reports["right 1"], "running, succeeded");
  assert.equal(reports["after 1"], "running, succeeded");
});

test("a step that runs into its timeout leaves its neighbours alone", async (t) => {
  const { end, reports } = await runPlan(t, {
    steps: [
      sh("slow", "sleep 60", { parallel: 1, timeoutMs: 50, continueOnError: true }),
      sh("steady", "sleep 0.4", { parallel: 1 }),
    ],
  });
  assert.equal(end.state, WorkflowState.SUCCEEDED);
  assert.deepEqual(reports, { "slow 1": "running, timed_out", "steady 1": "running, succeeded" });
});

suite("a stop", () => {
  const steps = [
    sh("works", "echo go; sleep 60"),
    sh("ordinary", "true"),
    sh("on failure", "true", { condition: "failure()" }),
    sh("clean-up", "echo cleaned", { always: true }),
  ];
  // What a stop makes of the build, and whether clean-ups still run.
  const causes: [cause: StopCause, state: WorkflowState, reason: EndReason, cleansUp: boolean][] = [
    [{ kind: "canceled", by: "ada" }, WorkflowState.CANCELED, EndReason.CANCELED, true],
    [{ kind: "workflow_timeout", timeoutMs: 1 }, WorkflowState.TIMED_OUT, EndReason.WORKFLOW_TIMEOUT, true],
    [{ kind: "handed_back" }, WorkflowState.QUEUED, EndReason.HANDED_BACK, false],
    [{ kind: "lost" }, WorkflowState.QUEUED, EndReason.HANDED_BACK, false],
  ];
  for (const [cause, state, reason, cleansUp] of causes) {
    test(`${cause.kind} ends the running step; clean-ups ${cleansUp ? "run" : "do not run"}`, async (t) => {
      const { end, reports } = await runPlan(t, { steps }, stopAt("go", cause));
      assert.deepEqual([end.state, end.endReason], [state, reason]);
      assert.equal(reports["clean-up 1"], cleansUp ? "running, succeeded" : undefined);
      assert.equal(reports["ordinary 1"], cleansUp ? "skipped" : undefined);
      assert.equal(reports["on failure 1"], cleansUp ? "skipped" : undefined);
    });
  }

  test("that comes while the folders are made ends the build as one in a step does", async (t) => {
    const stop = new AbortController();
    const folder = await mkdtemp(join(tmpdir(), "steps-"));
    t.after(() => rm(folder, { recursive: true }));
    const host = {
      async workspace() {
        stop.abort(new StopError({ kind: "workflow_timeout", timeoutMs: 1 }));
        return makeWorkspace(folder, "1", "1");
      },
    };
    const { end, reports } = await runPlan(t, { steps: [sh("build", "true")] }, { stop: stop.signal, host });
    assert.equal(end.state, WorkflowState.TIMED_OUT);
    assert.deepEqual(reports, { "build 1": "skipped" });
  });

  test("leaves a clean-up that runs already its time, and no more", async (t) => {
    const slow = [sh("clean-up", "echo go; sleep 60", { always: true }), sh("second", "true", { always: true })];
    const stop = stopAt("go", { kind: "canceled", by: "" }, { cleanupTimeoutMs: 100 });
    const { end, logs, reports } = await runPlan(t, { steps: slow }, stop);
    assert.equal(end.state, WorkflowState.CANCELED);
    assert.match(logs["clean-up 1"] ?? "", /the clean-up took longer than 0.1 s/);
    assert.equal(reports["clean-up 1"], "running, timed_out");
    assert.notEqual(reports["second 1"], "running, succeeded");
  });
});

suite("a service", () => {
  const service = { timeoutMs: 20_000 };

  test("runs beside the steps that follow once it is ready, and is stopped at the end, the last one first", async (t) => {
    const serve = (name: string) =>
      `trap 'echo ${name} >> order; exit 0' TERM; touch ${name}; while :; do sleep 0.02; done`;
    const { end, logs, reports } = await runPlan(t, {
      steps: [
        sh("one", serve("one"), { service: { ...service, run: "test -e one" } }),
        sh("two", serve("two"), { service: { ...service, run: "test -e two" } }),
        sh("use", "test -e one; test -e two; test ! -e order; echo used"),
        sh("clean-up", "test ! -e order", { always: true }),
      ],
    });
    assert.equal(end.error, undefined);
    assert.equal(reports["one 1"], "running, succeeded");
    assert.deepEqual(Object.keys(reports), ["one 1", "two 1", "use 1", "clean-up 1"]);
    assert.match(logs["two 1"] ?? "", /the steps that it served have ended/);
  });

  test("is ready when its port answers", async (t) => {
    const listen =
      'require("net").createServer().listen(+process.env.P, "127.0.0.1", () => require("fs").writeFileSync("up", ""))';
    const { createServer } = await import("node:net");
    const free = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => free.once("listening", resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const env = { P: String(port), NODE: process.execPath };
    const { end } = await runPlan(t, {
      env,
      steps: [sh("db", `exec "$NODE" -e '${listen}'`, { service: { ...service, port } }), sh("use", "test -e up")],
    });
    assert.equal(end.error, undefined);
  });

  test("that is not ready in time fails, with what its command said", async (t) => {
    const never = { timeoutMs: 1_500, run: "echo no answer; false" };
    const { end, logs, reports } = await runPlan(t, {
      steps: [sh("db", "sleep 60", { service: never }), sh("use", "true")],
    });
    assert.equal(end.error, 'step "db": the service was not ready within 1.5 s');
    assert.match(logs["db 1"] ?? "", /said last:\nno answer/);
    assert.deepEqual(reports, { "db 1": "running, failed", "use 1": "skipped" });
  });

  test("that ends before it is ready fails at once", async (t) => {
    const steps = [sh("db", "exit 7", { service: { timeoutMs: 60_000, run: "false" } })];
    const { end } = await runPlan(t, { steps });
    assert.equal(end.error, 'step "db": the service ended before it was ready: exited with code 7');
  });

  test("that dies later fails the build; the step that runs may end", async (t) => {
    const { end, reports } = await runPlan(t, {
      steps: [
        sh("db", "until test -e enough; do sleep 0.01; done; exit 4", { service }),
        sh("use", "touch enough; sleep 0.3"),
        sh("next", "true"),
      ],
    });
    assert.equal(end.error, 'step "db": the service ended before the steps that it serves: exited with code 4');
    assert.deepEqual(reports, { "db 1": "running, failed", "use 1": "running, succeeded", "next 1": "skipped" });
  });

  test("serves clean-ups after a cancel; one that is not ready yet is stopped by it", async (t) => {
    const steps = [
      sh("db", "trap 'touch stopped; exit 0' TERM; while :; do sleep 0.02; done", { service }),
      sh("late", "echo go; sleep 60", { service: { timeoutMs: 60_000, run: "false" } }),
      sh("clean-up", "test ! -e stopped", { always: true }),
    ];
    const { end, reports } = await runPlan(t, { steps }, stopAt("go", { kind: "canceled", by: "" }));
    assert.equal(end.state, WorkflowState.CANCELED);
    assert.deepEqual(reports, {
      "db 1": "running, succeeded",
      "late 1": "running, canceled",
      "clean-up 1": "running, succeeded",
    });
  });
});

suite("the files of the workspace", () => {
  test("answer hashFiles in conditions and computed variables, as they are when it is asked", async (t) => {
    const { logs, reports } = await runPlan(t, {
      steps: [
        sh("make", 'echo "$HASH" > lock', { computedEnv: { HASH: '"none:" + hashFiles("lock")' } }),
        sh("left out", "true", { condition: 'hashFiles("lock") == ""' }),
        sh("see", 'cat lock; echo "${#HASH}"', { computedEnv: { HASH: 'hashFiles("lock")' } }),
      ],
    });
    assert.deepEqual(logs, { "see 1": "none:\n64\n" });
    assert.equal(reports["left out 1"], "skipped");
  });

  test("tell the tests of a step with its end, also where it failed", async (t) => {
    const junit = '<testsuite name="s"><testcase name="a"><failure message="no"/></testcase></testsuite>';
    const { tests } = await runPlan(t, {
      steps: [sh("test", `echo '${junit}' > junit.xml; exit 1`, { junit: ["*.xml"] }), sh("plain", "true")],
    });
    assert.deepEqual(Object.keys(tests), ["test 1"]);
    assert.deepEqual([tests["test 1"]?.tests, tests["test 1"]?.failures], [1, 1]);
  });
});

suite("the source", () => {
  const checkout = { repository: "https://example.org/a.git", commit: "c".repeat(40) };

  test("is fetched before the first step, as a step of its own", async (t) => {
    const { logs } = await runPlan(
      t,
      { checkout, steps: [sh("see", "cat file")] },
      {
        host: {
          checkout: async ({ workspace, log, checkout: { repository } }) => {
            await log.note(`from ${repository}`);
            const { writeFile } = await import("node:fs/promises");
            await writeFile(`${workspace.directory}/file`, "source\n");
            return { kind: "exited", exitCode: 0 };
          },
        },
      },
    );
    assert.deepEqual(logs, { "(checkout) 1": "[from https://example.org/a.git]\n", "see 1": "source\n" });
  });

  test("that cannot be fetched fails the build", async (t) => {
    const { end, reports } = await runPlan(
      t,
      { checkout, steps: [sh("see", "true")] },
      {
        host: { checkout: async () => ({ kind: "failed", message: "no such commit" }) },
      },
    );
    assert.equal(end.error, 'step "(checkout)": no such commit');
    assert.deepEqual(reports, { "(checkout) 1": "running, failed", "see 1": "skipped" });
  });
});

test("a host that can go on no longer ends the build with its error, and nothing runs any more", async (t) => {
  const broken = new Error("the disk broke");
  const running = runPlan(
    t,
    { steps: [sh("db", "sleep 60", { service: { timeoutMs: 9 } }), sh("use", "true")] },
    {
      host: {
        open: async (step) => {
          if (step === "use") throw broken;
          return {
            log: { sink: () => async () => {}, note: async () => {} },
            report: () => {},
            endLog: async () => {},
            fault: () => {},
          };
        },
      },
    },
  );
  await assert.rejects(running, broken);
});
