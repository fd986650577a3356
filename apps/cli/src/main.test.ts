import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { create } from "@bufbuild/protobuf";
import {
  PipelineProblemsSchema,
  StepState,
  WorkflowState,
  type Pipeline,
  type SubmitPipelineRequest,
} from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { type RpcServer } from "@groundcrew/rpc/server";
import { TailLogsResponseSchema } from "@groundcrew/proto";
import { parse } from "yaml";
import { crew, crewProcess, startCrew } from "./testing/crew-process.ts";
import { FAKE_TOKEN, startFakeServer, type FakeHandlers } from "./testing/fake-server.ts";
import { at, busyPipeline, pipeline, stepRun, workflow } from "./testing/fixtures.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const goodFile = "name: ci\nworkflows:\n  build:\n    steps:\n      - run: make\n";

async function serverOf(t: TestContext, handlers: FakeHandlers): Promise<RpcServer> {
  const server = await startFakeServer(handlers);
  t.after(() => server.close(0));
  return server;
}

async function folderWith(t: TestContext, name: string, content: string): Promise<string> {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, name), content);
  return folder;
}

suite("crew lint", { concurrency: 2 }, () => {
  test("tells all mistakes of a folder's files at once, as editors, CI and programs read them, without a server", async (t) => {
    const cwd = await folderWith(t, "a.yaml", "workflows:\n  build:\n    steps: 7\n    colour: red\n");
    await writeFile(join(cwd, "b.yaml"), goodFile);
    const [text, github, sarif] = await Promise.all([
      crew(["lint"], { cwd }),
      crew(["lint", "-o", "github"], { cwd }),
      crew(["lint", ".", "-o", "sarif"], { cwd }),
    ]);
    assert.match(
      text.stdout,
      /^a\.yaml:3:12: .+\na\.yaml:4:5: .+\n.*b\.yaml:3:3: .*"build" is on line 2 of a\.yaml already\n$/,
    );
    assert.equal(text.stderr, "3 problems found in 2 files\n");
    assert.match(github.stdout, /^::error file=a\.yaml,line=3,col=12::workflows\.build\.steps: expected/);
    assert.equal(parse(sarif.stdout).runs[0].results[0].locations[0].physicalLocation.region.startLine, 3);
    for (const { exitCode } of [text, github, sarif]) assert.equal(exitCode, 2);
  });

  test("finds nothing in a good file, and no file in an empty folder", async (t) => {
    const cwd = await folderWith(t, ".groundcrew.yaml", goodFile);
    const good = await crew(["lint"], { cwd });
    assert.deepEqual([good.stdout, good.stderr, good.exitCode], ["", "nothing found in 1 file\n", 0]);
    const none = await crew(["lint"], { cwd: await temporaryFolder(t) });
    assert.match(none.stderr, /has no \.groundcrew\.yaml, no folder \.groundcrew and no \*\.yaml/);
    assert.equal(none.exitCode, 2);
  });
});

test("crew import writes a file that is not there yet, and lists what it could not carry", async (t) => {
  const theirs = "on: push\njobs:\n  build:\n    steps:\n      - uses: a/b@v1\n      - run: make\n";
  const cwd = await folderWith(t, "ci.yml", theirs);
  const first = await crew(["import", "ci.yml", "-o", "ours.yaml"], { cwd });
  assert.match(first.stderr, /^ci\.yml:5:9: `uses: a\/b@v1` is not carried: .+\n1 not carried/);
  assert.match(await readFile(join(cwd, "ours.yaml"), "utf8"), /^workflows:\n {2}build:\n/);
  const again = await crew(["import", "ci.yml", "-o", "ours.yaml"], { cwd });
  assert.match(again.stderr, /ours\.yaml exists already/);
  assert.deepEqual([first.exitCode, again.exitCode], [0, 2]);
});

suite("crew submit", { concurrency: 2 }, () => {
  test("sends all files of a folder and what started it, and says what is left out", async (t) => {
    const requests: SubmitPipelineRequest[] = [];
    const { url } = await serverOf(t, {
      submitPipeline(request) {
        requests.push(request);
        return { pipeline: pipeline(WorkflowState.QUEUED, [workflow("build", WorkflowState.QUEUED)]) };
      },
    });
    const cwd = await folderWith(t, "a.yaml", goodFile);
    await writeFile(join(cwd, "b.yaml"), "workflows: { nightly: { when: { event: cron }, steps: [run: x] } }");
    const asked = ["submit", ".", "--event", "tag", "--tag", "v1", "--param", "a=b", "--branch", "main"];
    const result = await crew(asked, { url, cwd });
    assert.equal(result.exitCode, 0, result.stderr);
    assert.match(result.stderr, /^left out: nightly: its `when` does not fit tag of branch "main" of tag "v1"\n/);
    const [request] = requests;
    assert.deepEqual([request?.file?.path, request?.moreFiles.map(({ path }) => path)], ["a.yaml", ["b.yaml"]]);
    const { event, tag, parameters } = request?.trigger ?? {};
    assert.deepEqual({ event, tag, parameters }, { event: "tag", tag: "v1", parameters: { a: "b" } });
  });

  test("queues a file and says how to go on", async (t) => {
    const requests: SubmitPipelineRequest[] = [];
    const { url } = await serverOf(t, {
      submitPipeline(request) {
        requests.push(request);
        return { pipeline: pipeline(WorkflowState.QUEUED, [workflow("build", WorkflowState.QUEUED)]) };
      },
    });
    const cwd = await folderWith(t, "ci.yaml", goodFile);
    const env = { OWN: "from crew" };
    const result = await crewProcess(["submit", "ci.yaml", "--env", "A=b=c", "--env", "OWN"], { url, cwd, env });
    assert.equal(result.stdout, "Pipeline 42 (ci) has 1 workflow, at main@1a2b3c4.\n");
    assert.equal(result.stderr, "watch it: crew pipelines watch 42\nits logs: crew pipelines logs 42 -f\n");
    assert.equal(result.exitCode, 0);
    const [request] = requests;
    assert.deepEqual(request?.env, { A: "b=c", OWN: "from crew" });
    assert.deepEqual([request.file?.path, request.file?.content], ["ci.yaml", goodFile]);
    assert.match(request.idempotencyKey, /^[0-9a-f-]{36}$/);
  });

  test("finds mistakes without a server: path, line and column, exit code 2", async (t) => {
    const cwd = await folderWith(t, "bad.yaml", "workflows:\n  build:\n    steps: 7\n");
    const result = await crew(["submit", "bad.yaml"], { url: "http://127.0.0.1:1", cwd });
    assert.match(result.stderr, /^bad\.yaml:3:\d+: .+\nerror: bad\.yaml has 1 problem\n/);
    assert.equal(result.exitCode, 2);
  });

  test("shows what only the server objects to by the path the user knows", async (t) => {
    const { url } = await serverOf(t, {
      submitPipeline() {
        const problems = [{ path: "sub/ci.yaml", line: 2, column: 3, message: "too many workflows" }];
        throw new ConnectError("bad", Code.InvalidArgument, undefined, [
          { desc: PipelineProblemsSchema, value: { problems } },
        ]);
      },
    });
    const cwd = await folderWith(t, "ci.yaml", goodFile);
    const result = await crew(["submit", "./ci.yaml"], { url, cwd });
    assert.match(result.stderr, /^\.\/ci\.yaml:2:3: too many workflows\n/);
    assert.equal(result.exitCode, 2);
  });

  test("--watch ends with the pipeline: exit code 8 when it fails", async (t) => {
    const { url } = await serverOf(t, {
      submitPipeline: () => ({ pipeline: { id: "42" } }),
      watchPipeline: () => failing(),
    });
    const cwd = await folderWith(t, "ci.yaml", goodFile);
    const result = await crew(["submit", "ci.yaml", "--watch"], { url, cwd });
    const lines = result.stdout
      .replace(/^\S+Z /gm, "")
      .trimEnd()
      .split("\n");
    assert.deepEqual(lines, [
      "build running",
      "build/make running",
      "pipeline ci running",
      "build/make failed after 3.0s (exit code 2)",
      "build failed after 3.0s (a step failed)",
      "pipeline ci failed after 3.0s",
    ]);
    assert.equal(result.stderr, "build failed; its log: crew workflows logs 11 --step make\n");
    assert.equal(result.exitCode, 8);
  });
});

async function* failing(): AsyncGenerator<{ pipeline: Pipeline }> {
  const running = stepRun("make", StepState.RUNNING, { startedAt: at(0) });
  const failed = stepRun("make", StepState.FAILED, { exitCode: 2, startedAt: at(0), finishedAt: at(3) });
  const build = { startedAt: at(0) };
  const ended = { startedAt: at(0), finishedAt: at(3) };
  yield {
    pipeline: pipeline(WorkflowState.RUNNING, [
      workflow("build", WorkflowState.RUNNING, { ...build, stepRuns: [running] }),
    ]),
  };
  yield {
    pipeline: pipeline(
      WorkflowState.FAILED,
      [workflow("build", WorkflowState.FAILED, { ...ended, endReason: 2, stepRuns: [failed] })],
      { finishedAt: at(3) },
    ),
  };
}

suite("crew pipelines", { concurrency: 2 }, () => {
  test("watch survives a broken connection, and succeeds with exit code 0", async (t) => {
    let opened = 0;
    const { url } = await serverOf(t, {
      async *watchPipeline() {
        opened += 1;
        yield { pipeline: busyPipeline() };
        if (opened === 1) throw new ConnectError("restarting", Code.Unavailable);
        yield { pipeline: pipeline(WorkflowState.SUCCEEDED, []) };
      },
    });
    const result = await crew(["pipelines", "watch", "42"], { url });
    assert.equal(result.stderr, "crew: connection lost; trying again\ncrew: connected again\n");
    assert.equal(result.exitCode, 0);
    assert.equal(opened, 2);
  });

  test("Ctrl-C stops watching, and says that the pipeline goes on: exit code 130", async (t) => {
    const { url } = await serverOf(t, {
      async *watchPipeline(_request, { signal }) {
        yield { pipeline: busyPipeline() };
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    });
    const running = startCrew(["pipelines", "watch", "42"], { url });
    await running.said("pipeline ci running");
    running.child.kill("SIGINT");
    const { stderr, exitCode } = await running.ended;
    assert.equal(
      stderr,
      "stopped: watching; pipeline 42 goes on\n" +
        "  next: watch again: crew pipelines watch 42; end it: crew pipelines cancel 42\n",
    );
    assert.equal(exitCode, 130);
  });

  test("logs -f goes on after a broken connection without repeating or losing a line", async (t) => {
    const { url } = await serverOf(t, {
      getPipeline: () => ({ pipeline: busyPipeline() }),
      async *tailLogs({ cursors }) {
        const from = cursors[0]?.nextLine ?? 0;
        const all = ["one", "two", "three", "four"].map((text) => ({ text: Buffer.from(text) }));
        const stepRunRef = { workflowId: "12", epoch: "7", step: "unit tests", try: 1 };
        const head = { stepRunId: "9", stepRun: stepRunRef, workflowName: "test" };
        yield create(TailLogsResponseSchema, { ...head, firstLine: from, entries: all.slice(from, from + 2) });
        if (from < 2) throw new ConnectError("restarting", Code.Unavailable);
      },
    });
    const { stdout, stderr, exitCode } = await crew(["pipelines", "logs", "42", "-f"], { url });
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/ +\|/, " |"));
    assert.deepEqual(
      lines,
      ["one", "two", "three", "four"].map((text) => `test/unit tests | ${text}`),
    );
    assert.match(stderr, /connection lost/);
    assert.equal(exitCode, 0);
  });

  test("logs in a pipe that closes early end quietly", async (t) => {
    const { url } = await serverOf(t, {
      getPipeline: () => ({ pipeline: busyPipeline() }),
      async *tailLogs(_request, { signal }) {
        const entries = Array.from({ length: 500 }, () => ({ text: Buffer.alloc(200, "x") }));
        for (let line = 0; !signal.aborted; line += 500) {
          yield create(TailLogsResponseSchema, { stepRunId: "9", workflowName: "test", firstLine: line, entries });
        }
      },
    });
    const running = startCrew(["pipelines", "logs", "42", "-f"], { url });
    running.child.stdout?.once("data", () => running.child.stdout?.destroy());
    const { stderr, exitCode } = await running.ended;
    assert.deepEqual([stderr, exitCode], ["", 0]);
  });
});

suite("crew login", () => {
  test("verifies the token, saves a context, and later commands use it", async (t) => {
    const { url } = await serverOf(t, { listAgents: () => ({ agents: [] }) });
    const env = { XDG_CONFIG_HOME: await temporaryFolder(t) };
    const login = await crewProcess(["login", url, "--context", "here"], { env, input: `${FAKE_TOKEN}\n` });
    assert.equal(login.stderr, "");
    assert.match(login.stdout, /as ada, admin\.\nSaved as context here/);
    const path = join(env.XDG_CONFIG_HOME, "groundcrew", "config.yaml");
    assert.deepEqual(parse(await readFile(path, "utf8")), {
      current: "here",
      contexts: { here: { url, token: FAKE_TOKEN } },
    });
    assert.equal((await stat(path)).mode & 0o777, 0o600);

    assert.equal((await crew(["agents", "ls"], { env })).exitCode, 0);
    assert.equal((await crew(["logout"], { env })).stdout, "Forgot the token of context here.\n");
    const after = await crew(["agents", "ls"], { env });
    assert.match(after.stderr, /no credential for .*\n {2}next: crew login/);
    assert.equal(after.exitCode, 3);
  });
});

suite("crew vet report", () => {
  const handlers: FakeHandlers = {
    async *getVettingReport() {
      yield { data: Buffer.from("<html>") };
      yield { data: Buffer.from("</html>") };
    },
  };
  test("writes to standard output in a pipe", async (t) => {
    const { url } = await serverOf(t, handlers);
    assert.equal((await crewProcess(["vet", "report", "9"], { url })).stdout, "<html></html>");
  });
  test("writes a file", async (t) => {
    const { url } = await serverOf(t, handlers);
    const cwd = await temporaryFolder(t);
    const { exitCode } = await crew(["vet", "report", "9", "--output", "r.html"], { url, cwd });
    assert.equal(exitCode, 0);
    assert.equal(await readFile(join(cwd, "r.html"), "utf8"), "<html></html>");
  });
});

suite("crew itself", { concurrency: 2 }, () => {
  test("a server that is not there: exit code 5", async () => {
    const { stderr, exitCode } = await crewProcess(["pipelines", "ls"], { url: "http://127.0.0.1:1" });
    assert.match(stderr, /^error: no answer from http:\/\/127\.0\.0\.1:1\n {2}why: {2}.*ECONNREFUSED.*\n {2}next: /);
    assert.equal(exitCode, 5);
  });

  for (const shell of ["bash", "zsh", "fish"]) {
    test(`completion ${shell} prints a script`, async () => {
      assert.match((await crewProcess(["completion", shell])).stdout, /crew complete --/);
    });
  }

  test("completes commands, files and contexts", async (t) => {
    const cwd = await folderWith(t, "ci.yaml", goodFile);
    assert.match((await crewProcess(["complete", "--", "pipelines", "lo"])).stdout, /^logs\t/);
    assert.match((await crewProcess(["complete", "--", "submit", "c"], { cwd })).stdout, /^ci\.yaml\t/);
    const env = { XDG_CONFIG_HOME: await temporaryFolder(t) };
    const { url } = await serverOf(t, {});
    await crew(["login", url, "--context", "here", "--token", FAKE_TOKEN], { env });
    assert.match((await crewProcess(["complete", "--", "context", "use", ""], { env })).stdout, /^here\t/);
  });
});
