import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { create } from "@bufbuild/protobuf";
import {
  AgentSchema,
  DesiredState,
  MachineSchema,
  PauseScope,
  Verdict,
  VettingRunSchema,
  WorkflowState,
  type AgentGrants,
} from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { runCrew } from "./run.ts";
import { FAKE_TOKEN, startFakeServer, type FakeHandlers } from "./testing/fake-server.ts";
import { at, busyPipeline } from "./testing/fixtures.ts";
import { memoryIo } from "./testing/memory-io.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

interface Told {
  exitCode: number;
  stdout: string;
  stderr: string;
}

async function run(args: string[], options: Parameters<typeof memoryIo>[0] = {}): Promise<Told> {
  const io = memoryIo(options);
  const exitCode = await runCrew(args, io);
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

async function runWith(t: TestContext, handlers: FakeHandlers, args: string[]): Promise<Told> {
  const server = await startFakeServer(handlers);
  t.after(() => server.close(0));
  return run(args, { env: { GROUNDCREW_URL: server.url, GROUNDCREW_TOKEN: FAKE_TOKEN } });
}

const machine = create(MachineSchema, {
  id: "m-1",
  identity: { hostname: "node-17", vendor: "Acme", product: "X1" },
  vettingRunId: "9",
  vettingState: 5,
});
const vettingRun = create(VettingRunSchema, {
  id: "9",
  machine,
  profile: "demo",
  stage: "passed",
  verdict: Verdict.PASS,
  workflow: { id: "9", state: WorkflowState.SUCCEEDED, startedAt: at(0), finishedAt: at(20), createdAt: at(0) },
  stages: [{ name: "inventory", required: true, verdict: Verdict.PASS, startedAt: at(0), finishedAt: at(2) }],
});
const agent = create(AgentSchema, {
  name: "build-1",
  capacity: 4,
  busy: 1,
  connection: 2,
  labels: { os: "linux" },
  lastSeenAt: at(30),
  recentLog: ["up\x1b[2J"],
  pause: { scope: PauseScope.AGENT, target: "build-1", pausedBy: "ada", reason: "a new disk", pausedAt: at(0) },
  grants: { owners: ["https://example.com"] },
});

const handlers: FakeHandlers = {
  listPipelines: () => ({ pipelines: [busyPipeline()] }),
  getPipeline: () => ({ pipeline: busyPipeline() }),
  cancelPipeline: () => ({ canceledCount: 2 }),
  listWorkflows: () => ({ workflows: busyPipeline().workflows }),
  getWorkflow: () => ({
    workflow: busyPipeline().workflows[0],
    events: [
      { at: at(0), to: 2, epoch: "0", actor: "ada" },
      { at: at(12), from: 4, to: 5, epoch: "7", actor: "build-1", replica: "ci-1" },
    ],
  }),
  cancelWorkflow: () => ({ workflow: { name: "build", state: WorkflowState.RUNNING } }),
  listAgents: () => ({ agents: [agent] }),
  getAgent: () => ({ agent }),
  resetAgent: () => ({ agent }),
  setAgentDesiredState: ({ desiredState }) => ({ agent: { ...agent, desiredState } }),
  updateAgent: ({ labels, capacity }) => ({
    agent: { name: "build-1", labels: labels?.labels ?? {}, capacity: capacity ?? 2 },
  }),
  setAgentGrants: ({ grants }) => ({ agent: { name: "build-1", grants: grants as AgentGrants } }),
  sendDirective: ({ directive }) => ({ directive: { id: "5", ...(directive && { action: directive.action }) } }),
  retryWorkflow: () => ({ workflow: { id: "20", name: "build" } }),
  explainWorkflow: () => ({
    state: WorkflowState.QUEUED,
    summary: "there is no agent",
    reasons: [{ text: "there is no agent", reason: { case: "agent", value: {} } }],
  }),
  pause: ({ scope, target, reason }) => ({ pause: { scope, target, reason, pausedBy: "ada" } }),
  resume: ({ scope }) => ({ resumed: scope !== PauseScope.REPOSITORY }),
  listPauses: () => ({
    pauses: [
      { scope: PauseScope.QUEUE, pausedBy: "ada", reason: "the database moves", pausedAt: at(0) },
      { scope: PauseScope.AGENT, target: "build-1", pausedBy: "bob", pausedAt: at(30) },
    ],
  }),
  listMachines: () => ({ machines: [machine] }),
  startVetting: () => ({ run: { id: "9", profile: "demo" } }),
  listVettingRuns: () => ({ runs: [vettingRun] }),
  getVettingRun: () => ({ run: vettingRun }),
  createToken: () => ({ secret: "gco_new", token: { expiresAt: at(3600) } }),
  listTokens: () => ({
    tokens: [
      { id: "t-1", name: "ci", kind: 2, role: 5 },
      { id: "t-2", name: "old", kind: 1, singleUse: true, expiresAt: at(0) },
    ],
  }),
  revokeToken: () => ({ token: { name: "ci" } }),
};

suite("what commands print", () => {
  const printed: [args: string, stdout: RegExp][] = [
    ["pipelines ls", /^ID {2}NAME +STATE .*\n42 {2}ci {4}running {4}0\/5 {3}33s {2}main@1a2b3c4 {2}ada {2}33s ago\n$/],
    ["pipelines show 42", /^ ● ci {2}#42 .*\n ✓ generate/],
    ["pipelines cancel 42", /^Canceled pipeline 42: 2 workflows had not ended\.\n$/],
    ["workflows ls", /ID {2}PIPELINE {2}NAME .*\n11 {8}42 {2}generate {8}succeeded {5}0 {3}12s {2}build-1\n/],
    ["workflows show 11", /^ ✓ generate .*\n {3}✓ buf .*\n\nworkflow {2}11 \(epoch 7, attempt 1\)\npipeline {2}42\n/],
    ["workflows show 11 --events", /\n2026-11-21T12:00:12.000Z {2}running {2}succeeded {6}7 {2}build-1 {2}ci-1\n$/],
    ["workflows cancel 11", /^Workflow 11 \(build\) is running; its agent stops it now\.\n$/],
    ["agents ls", /\nbuild-1 {2}build {3}connected {3}paused {3}1\/4 {2}0\.00 {2}os=linux .* 3s ago\n$/],
    ["agents show build-1", /^agent +build-1\n[^]*\nits own log:\n {2}up\^\[\[2J\n$/],
    [
      "agents show build-1",
      /\npaused +by ada since 2026-11-21T12:00:00.000Z: a new disk\ntakes work of {2}owner https:\/\/example.com\n/,
    ],
    ["agents pause build-1", /^Paused agent build-1, by ada\.\n$/],
    ["agents resume build-1", /^Resumed agent build-1\.\n$/],
    ["agents drain build-1", /^build-1 is draining; it still runs 1\.\n$/],
    ["agents ready build-1", /^build-1 takes work\.\n$/],
    ["agents terminate build-1 --yes", /^build-1 is terminated\.\n$/],
    ["agents shut-down build-1 --reason upgrade", /^Directive 5 tells build-1 to shut down\.\n$/],
    [
      "agents update build-1 --labels os=linux,gpu=h200 --labels a=b --capacity 4",
      /^build-1 offers os=linux,gpu=h200,a=b, and runs 4 workflows at once\.\n$/,
    ],
    ["agents update build-1 --own-labels", /^build-1 offers no labels, and runs 2 workflows at once\.\n$/],
    ["agents grant build-1 --owner o --repository r", /^build-1 takes work of owner o, and of repository r\.\n$/],
    ["agents grant build-1 --anybody --untrusted", /^build-1 takes work of anybody, strangers included\.\n$/],
    ["workflows retry 11", /^Workflow 11 \(build\) is queued again, as workflow 20\.\n$/],
    ["explain 11", /^Workflow 11 is queued: there is no agent\n$/],
    ["queue pause --reason upgrade", /^Paused the queue, by ada: upgrade\.\n$/],
    ["queue pause --repository r", /^Paused repository r, by ada\.\n$/],
    ["queue resume", /^Resumed the queue\.\n$/],
    ["queue resume --repository r", /^It was not paused: repository r\.\n$/],
    ["queue pauses", /\nthe queue {6}ada {2}the database moves {2}33s ago\nagent build-1 {2}bob {22}3s ago\n$/],
    ["agents reset build-1 --yes", /^Reset build-1\. Enrol it again: crew agents enroll --name build-1\n$/],
    ["machines ls", /\nm-1 +node-17 {2}Acme X1 +yes +succeeded {4}9/],
    ["vet start node-17", /^Vetting run 9 of node-17 is queued, with profile demo\.\n$/],
    ["vet ls", /\n 9 {2}node-17 {2}demo {5}pass {5}passed {3}20s {2}33s ago\n$/],
    ["vet show 9", /^ ✓ vetting node-17 {2}#9 {2}profile demo {2}pass {2}20s\n ✓ inventory {2}pass {10}2\.0s\n$/],
    ["tokens create ci --role operator", /^gco_new\n$/],
    ["tokens ls", /\nt-1 {2}ci {4}operator {3}valid .*\nt-2 {2}old {3}one agent {2}expired /],
    ["tokens revoke ci", /^Revoked ci\.\n$/],
    ["version", /^crew \d.*\nserver 9\.9\.9 at http/],
  ];
  for (const [args, stdout] of printed) {
    test(`crew ${args}`, async (t) => {
      const told = await runWith(t, handlers, args.split(" "));
      assert.match(told.stdout, stdout);
      assert.equal(told.exitCode, 0);
    });
  }

  const reads = printed.map(([args]) => args).filter((args) => !args.startsWith("version"));
  for (const args of reads) {
    test(`crew ${args} -o json`, async (t) => {
      const { stdout } = await runWith(t, handlers, [...args.split(" "), "-o", "json"]);
      assert.equal(typeof JSON.parse(stdout), "object");
    });
  }

  test("JSON holds every field, with enums by name and ids as text", async (t) => {
    const { stdout } = await runWith(t, handlers, ["pipelines", "ls", "-o", "json"]);
    const { pipelines, nextPageToken } = JSON.parse(stdout) as {
      pipelines: Record<string, unknown>[];
      nextPageToken: string;
    };
    assert.deepEqual([pipelines[0]?.["id"], pipelines[0]?.["state"]], ["42", "WORKFLOW_STATE_RUNNING"]);
    assert.deepEqual([pipelines[0]?.["endedCount"], nextPageToken], [0, ""]);
  });

  test("a list says when there is more, and when there is nothing", async (t) => {
    const more = await runWith(t, { listPipelines: () => ({ pipelines: [busyPipeline()], nextPageToken: "x" }) }, [
      "pipelines",
      "ls",
      "--limit",
      "1",
    ]);
    assert.match(more.stderr, /there are more/);
    const none = await runWith(t, { listPipelines: () => ({}) }, ["pipelines", "ls"]);
    assert.deepEqual([none.stdout, none.stderr], ["", "crew: no pipelines yet; submit one: crew submit FILE\n"]);
  });

  test("agents enroll tells whose work its agents may take", async (t) => {
    const asked: (AgentGrants | undefined)[] = [];
    const createToken: FakeHandlers["createToken"] = ({ grants }) => {
      asked.push(grants);
      return { secret: "gce_s" };
    };
    const enroll = ["agents", "enroll"];
    await runWith(t, { createToken }, enroll);
    await runWith(t, { createToken }, [...enroll, "--owner", "a", "--owner", "b", "--repository", "r", "--untrusted"]);
    assert.equal(asked[0], undefined);
    const { owners, repositories, untrusted } = asked[1] ?? {};
    assert.deepEqual([owners, repositories, untrusted], [["a", "b"], ["r"], true]);
  });

  test("what an operator wants of an agent reaches the server", async (t) => {
    const states: DesiredState[] = [];
    const setAgentDesiredState: FakeHandlers["setAgentDesiredState"] = ({ desiredState }) => {
      states.push(desiredState);
      return {};
    };
    for (const args of [["drain"], ["ready"], ["terminate", "--yes"]]) {
      await runWith(t, { setAgentDesiredState }, ["agents", ...args, "build-1"]);
    }
    assert.deepEqual(states, [DesiredState.DRAINING, DesiredState.READY, DesiredState.TERMINATED]);
  });

  test("agents enroll prints the line alone on standard output", async (t) => {
    const told = await runWith(
      t,
      { ...handlers, createToken: () => ({ secret: "gce_s", token: { expiresAt: at(3600) } }) },
      ["agents", "enroll", "--name", "b-7"],
    );
    assert.match(told.stdout, /^\S+groundcrew-agent --server http:\/\/127\.0\.0\.1:\d+ --token gce_s --name b-7\n$/);
    assert.match(told.stderr, /enrols one agent until 2026-11-21T13:00:00.000Z.*\n.*others cannot dial 127\.0\.0\.1/);
  });
});

const refusing = (code: Code): FakeHandlers => ({
  getPipeline() {
    throw new ConnectError("because", code);
  },
});

suite("when it does not work", () => {
  const codes: [code: Code, exitCode: number][] = [
    [Code.NotFound, 4],
    [Code.PermissionDenied, 3],
    [Code.Unavailable, 5],
    [Code.FailedPrecondition, 1],
  ];
  for (const [code, exitCode] of codes) {
    test(`the server says ${Code[code]}: exit code ${exitCode}, and why`, async (t) => {
      const told = await runWith(t, refusing(code), ["pipelines", "show", "7"]);
      assert.equal(told.exitCode, exitCode);
      assert.match(told.stderr, /because/);
    });
  }

  const listings: [args: string, listing: string][] = [
    ["pipelines show 7", "crew pipelines ls"],
    ["workflows logs 7", "crew workflows ls"],
    ["agents show b", "crew agents ls"],
    ["agents pause b", "crew agents ls"],
    ["explain 7", "crew workflows ls"],
    ["queue pause", "crew queue pauses"],
    ["vet show 7", "crew vet ls"],
    ["vet start node-17", "crew machines ls"],
    ["tokens revoke ci", "crew tokens ls"],
  ];
  for (const [args, listing] of listings) {
    test(`crew ${args} finds nothing: ${listing} lists what exists`, async (t) => {
      const missing = (): never => {
        throw new ConnectError("it does not exist", Code.NotFound);
      };
      const methods = [
        "getPipeline",
        "getWorkflow",
        "getAgent",
        "getVettingRun",
        "startVetting",
        "revokeToken",
        "pause",
        "explainWorkflow",
      ];
      const told = await runWith(t, Object.fromEntries(methods.map((name) => [name, missing])), args.split(" "));
      assert.equal(told.stderr, `error: it does not exist\n  next: list what exists: ${listing}\n`);
    });
  }

  test("https to a port that speaks plain text: says so, in no words of OpenSSL", async (t) => {
    const server = await startFakeServer({});
    t.after(() => server.close(0));
    const url = server.url.replace("http:", "https:");
    const env = { XDG_CONFIG_HOME: await temporaryFolder(t) };
    for (const trust of [[], ["--fingerprint", `sha256:${"0".repeat(64)}`]]) {
      const told = await run(["login", url, ...trust], { env, input: FAKE_TOKEN });
      assert.match(told.stderr, /speaks plain text.*use http:\/\//);
      assert.doesNotMatch(told.stderr, /wrong version|SSL/);
    }
  });

  test("a server that does not answer in time: exit code 5", async (t) => {
    const silent: FakeHandlers = {
      listAgents: (_request, { signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("gone")))),
    };
    assert.equal((await runWith(t, silent, ["agents", "ls", "--timeout", "200ms"])).exitCode, 5);
  });

  const mistakes: [args: string, told: RegExp][] = [
    ["pipelnes", /Did you mean pipelines\?/],
    ["pipelines show abc", /^error: the id is abc, expected a number, such as 12\n {2}next: .*: crew pipelines ls\n$/],
    ["pipelines ls -o xml", /table, json/],
    ["pipelines ls --limit 0", /1 to 1000000/],
    ["workflows ls --state broken", /Allowed are blocked, queued/],
    ["agents ls --timeout soon", /expected a duration/],
    ["submit /nonexistent.yaml", /does not exist/],
    ["submit ci.yaml --env 1x=2", /Expected NAME=VALUE/],
    ["agents reset build-1", /say --yes/],
    ["agents terminate build-1", /nobody is here to confirm the termination[^]*say --yes/],
    ["agents grant build-1", /whose work is not said[^]*or else --anybody/],
    ["agents grant build-1 --anybody --owner o", /--anybody excludes --owner/],
    ["submit ci.yaml --delay 31d", /At most 30d/],
    ["explain build", /the id is build, expected a number/],
    ["help nothing", /there is no help for/],
    ["login https://ada:secret@ci", /user name or password/],
  ];
  for (const [args, expected] of mistakes) {
    test(`crew ${args}: exit code 2, and what to do`, async (t) => {
      const told = await runWith(t, {}, args.split(" "));
      assert.match(told.stderr, expected);
      assert.match(told.stderr, /next: /);
      assert.doesNotMatch(told.stderr, /\n {4}at |secret/);
      assert.equal(told.exitCode, 2);
    });
  }
});

suite("contexts", () => {
  test("a refused token is neither saved nor repeated: exit code 3", async (t) => {
    const server = await startFakeServer({});
    t.after(() => server.close(0));
    const env = { XDG_CONFIG_HOME: await temporaryFolder(t) };
    const told = await run(["login", server.url], { env, input: "gco_wrong-secret" });
    assert.equal(told.exitCode, 3);
    assert.ok(told.stderr.includes(`crew login ${server.url}\n`), told.stderr);
    assert.ok(!`${told.stdout}${told.stderr}`.includes("wrong-secret"));
    await assert.rejects(stat(join(env.XDG_CONFIG_HOME, "groundcrew")), { code: "ENOENT" });
  });

  test("are listed without tokens, chosen and forgotten", async (t) => {
    const server = await startFakeServer({});
    t.after(() => server.close(0));
    const env = { XDG_CONFIG_HOME: await temporaryFolder(t) };
    for (const name of ["a", "b"]) await run(["login", server.url, "--context", name], { env, input: FAKE_TOKEN });
    const list = async (): Promise<string> => (await run(["context", "ls"], { env })).stdout;
    assert.match(await list(), / {3}a .* saved\n\* {2}b .* saved\n$/);
    assert.ok(!(await run(["context", "ls", "-o", "json"], { env })).stdout.includes(FAKE_TOKEN));
    assert.equal((await run(["context", "use", "a"], { env })).exitCode, 0);
    assert.match(await list(), /\* {2}a /);
    assert.match((await run(["context", "rm", "a"], { env })).stderr, /no context is current/);
    assert.equal((await run(["context", "use", "a"], { env })).exitCode, 4);
  });
});

suite("help", () => {
  test("has topics, and every command's own", async () => {
    assert.match((await run(["help", "exit-codes"])).stdout, /\n {2}130 {2}Interrupted/);
    assert.match((await run(["help", "environment"])).stdout, /GROUNDCREW_TOKEN/);
    assert.match((await run(["help", "pipelines", "logs"])).stdout, /^Usage: crew pipelines logs/);
    assert.match((await run([])).stdout, /^Usage: crew /);
    assert.equal((await run(["--version"])).exitCode, 0);
  });
});
