import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readdir, stat } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { suite, test, type TestContext } from "node:test";
import { create } from "@bufbuild/protobuf";
import { openBackend } from "@groundcrew/engine";
import { AddWorkflowsResponseSchema, PipelineProblemsSchema, WorkflowState } from "@groundcrew/proto";
import { Code, ConnectError } from "@groundcrew/rpc";
import { FakeServer } from "../testing/fake-server.ts";
import { startAgent, temporaryFolder } from "../testing/test-agent.ts";
import { StepSocket, type StepSocketOptions } from "./step-socket.ts";

const ADDED = create(AddWorkflowsResponseSchema, { workflows: [{ id: "7", name: "a" }] });

async function open(t: TestContext, addWorkflows: StepSocketOptions["addWorkflows"] = () => Promise.resolve(ADDED)) {
  const folder = await temporaryFolder(t);
  const socket = await StepSocket.open({ folder, addWorkflows });
  t.after(() => socket.close());
  return { folder, socket };
}

async function post({ path }: StepSocket, body: string, url = "/v1/workflows"): Promise<[number, string]> {
  const call = request({ socketPath: path, path: url, method: "POST" });
  const answered = once(call, "response") as Promise<[IncomingMessage]>;
  call.end(body);
  const [answer] = await answered;
  call.on("error", () => {});
  return [answer.statusCode ?? 0, await text(answer)];
}

suite("the socket of a step", () => {
  test("is its user's alone, passes on files, and is gone when it was closed", async (t) => {
    const asked: unknown[] = [];
    const { folder, socket } = await open(t, (files) => {
      asked.push(...files.map(({ path, content }) => [path, content]));
      return Promise.resolve(ADDED);
    });
    assert.equal((await stat(socket.path)).mode & 0o777, 0o600);
    assert.match(socket.path, /\/[\w-]{22}\.sock$/);
    const [status, body] = await post(socket, '{"files":[{"path":"f.yaml","content":"é"}]}');
    assert.deepEqual([status, JSON.parse(body)], [200, { workflows: [{ id: "7", name: "a" }] }]);
    assert.deepEqual(asked, [["f.yaml", "é"]]);
    await socket.close();
    assert.deepEqual(await readdir(folder), []);
    await assert.rejects(post(socket, "{}"), { code: "ENOENT" });
  });

  const refusals: [name: string, body: string, url: string, status: number, told: RegExp][] = [
    ["no JSON", "{", "/v1/workflows", 400, /AddWorkflowsRequest/],
    ["another message", '{"fiels":[]}', "/v1/workflows", 400, /fiels/],
    ["another path", "{}", "/v1/secrets", 404, /expected POST/],
    ["too much", " ".repeat(8 * 1024 * 1024), "/v1/workflows", 413, /at most 1 MiB/],
  ];
  for (const [name, body, url, expected, told] of refusals) {
    test(`refuses ${name}`, async (t) => {
      const { socket } = await open(t);
      const [status, answer] = await post(socket, body, url);
      assert.equal(status, expected);
      assert.match(answer, told);
    });
  }

  test("tells what is wrong with a file, and which end refused", async (t) => {
    const problems = [{ path: "f.yaml", line: 2, column: 3, message: "no" }];
    const refused = new ConnectError("bad", Code.InvalidArgument, undefined, [
      { desc: PipelineProblemsSchema, value: { problems } },
    ]);
    const { socket } = await open(t, () => Promise.reject(refused));
    const [status, body] = await post(socket, "{}");
    assert.deepEqual([status, JSON.parse(body)], [400, { message: "bad", problems }]);
    const { socket: old } = await open(t, () => Promise.reject(new ConnectError("what?", Code.Unimplemented)));
    assert.equal((await post(old, "{}"))[0], 501);
  });

  test("drops what is asked when the step ends meanwhile", async (t) => {
    const asked = Promise.withResolvers<AbortSignal>();
    const { socket } = await open(t, (_files, signal) => {
      asked.resolve(signal);
      return once(signal, "abort").then(() => Promise.reject(new Error("gone")));
    });
    const answered = post(socket, "{}");
    const signal = await asked.promise;
    await Promise.all([assert.rejects(answered), socket.close()]);
    assert.ok(signal.aborted);
  });

  test("is not opened where its path would be too long", async (t) => {
    const folder = join(await temporaryFolder(t), "x".repeat(100));
    await mkdir(folder);
    await assert.rejects(StepSocket.open({ folder, addWorkflows: () => Promise.resolve(ADDED) }), /at most 107/);
  });
});

const hasSandbox = await openBackend({ name: "sandbox", hiddenPaths: [] }).then(
  () => true,
  () => false,
);
const noSandbox = hasSandbox ? false : "needs a working bubblewrap (Debian package bubblewrap)";
const backends = [
  { name: "local", skip: false },
  { name: "sandbox", skip: noSandbox },
] as const;

for (const { name: backend, skip } of backends)
  test(
    `a step on ${backend} reaches the server by its socket, in its own name, and another step gets another`,
    { skip },
    async (t) => {
      const server = await FakeServer.start(t);
      const asked: string[] = [];
      server.addWorkflows = ({ workflowId, epoch, step, files }) => {
        asked.push(`${workflowId}/${epoch}/${step}/${files[0]?.path}`);
        return [{ id: "8", name: "more" }];
      };
      const run = `
    echo "$GROUNDCREW_STEP_SOCKET"
    ${process.execPath} -e '
      const { request } = require("node:http");
      const call = request({ socketPath: process.env.GROUNDCREW_STEP_SOCKET, path: "/v1/workflows", method: "POST" });
      call.on("response", (answer) => answer.pipe(process.stdout)).end(JSON.stringify({ files: [{ path: "f.yaml" }] }))'`;
      const steps = ["one", "two"].map((name) => ({ name, run, shell: "sh" }));
      const workflow = server.queue.submit({ plan: { case: "build", value: { steps } } });
      await startAgent(t, server, { backend: { name: backend, readOnlyPaths: [dirname(process.execPath)] } });
      assert.equal((await server.ended(workflow)).state, WorkflowState.SUCCEEDED);
      const { workflowId, epoch } = workflow.grant;
      assert.deepEqual(asked, [`${workflowId}/${epoch}/one/f.yaml`, `${workflowId}/${epoch}/two/f.yaml`]);
      const [one = [], two = []] = ["one", "two"].map((name) => workflow.lines.get(name));
      assert.equal(one[1], '{"workflows":[{"id":"8","name":"more"}]}');
      assert.notEqual(one[0], two[0]);
    },
  );
