import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { suite, test, type TestContext } from "node:test";
import { runCrew } from "../run.ts";
import { memoryIo } from "../testing/memory-io.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

/** Runs the command in a folder that holds `f.yaml`, against an agent that answers this. */
async function upload(t: TestContext, status: number, answer: unknown, file = "f.yaml") {
  const cwd = await temporaryFolder(t);
  await writeFile(join(cwd, "f.yaml"), "workflows: {}\n");
  const asked: string[] = [];
  const socket = join(cwd, "s.sock");
  const agent = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(status).end(JSON.stringify(answer));
    });
  }).listen(socket);
  await once(agent, "listening");
  t.after(() => agent.close());
  const io = { ...memoryIo({ env: { GROUNDCREW_STEP_SOCKET: socket }, input: "from a pipe" }), cwd };
  const exitCode = await runCrew(["pipelines", "upload", file], io);
  return { exitCode, asked, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

suite("crew pipelines upload", () => {
  test("asks the agent on the step's socket, and tells what was added", async (t) => {
    const { exitCode, asked, stdout } = await upload(t, 200, { workflows: [{ id: "7", name: "a (v=1)" }] });
    assert.deepEqual(asked, ['POST /v1/workflows {"files":[{"path":"f.yaml","content":"workflows: {}\\n"}]}']);
    assert.deepEqual([exitCode, stdout], [0, "Added workflow 7: a (v=1)\n"]);
  });

  test("takes a file that a program makes from standard input", async (t) => {
    const { asked } = await upload(t, 200, {}, "-");
    assert.deepEqual(asked, ['POST /v1/workflows {"files":[{"path":"<stdin>","content":"from a pipe"}]}']);
  });

  test("prints what is wrong with a file as lint does", async (t) => {
    const problems = [{ path: "f.yaml", line: 1, column: 12, message: "expected more" }];
    const { exitCode, stderr } = await upload(t, 400, { message: "bad", problems });
    assert.equal(exitCode, 2);
    assert.match(stderr, /^f\.yaml:1:12: expected more\nerror: f\.yaml has 1 problem\n/);
  });

  test("says why the server refused", async (t) => {
    const { exitCode, stderr } = await upload(t, 409, { message: "workflow 3 is being canceled" });
    assert.deepEqual([exitCode, stderr], [1, "error: workflow 3 is being canceled\n"]);
  });

  test("fails for a file that is not there, before it asks", async (t) => {
    const { exitCode, asked, stderr } = await upload(t, 200, {}, "g.yaml");
    assert.deepEqual([exitCode, asked], [2, []]);
    assert.match(stderr, /g\.yaml does not exist/);
  });

  const elsewhere: [string, Record<string, string>, number, RegExp][] = [
    ["outside a step", {}, 2, /GROUNDCREW_STEP_SOCKET is not set\n.*crew submit/],
    ["after its step", { GROUNDCREW_STEP_SOCKET: "/nowhere/s.sock" }, 5, /no answer from the agent/],
  ];
  for (const [name, env, code, told] of elsewhere) {
    test(`is refused ${name}`, async (t) => {
      const cwd = await temporaryFolder(t);
      await writeFile(join(cwd, "f.yaml"), "");
      const io = { ...memoryIo({ env }), cwd };
      assert.equal(await runCrew(["pipelines", "upload", "f.yaml"], io), code);
      assert.match(io.stderr.text(), told);
    });
  }
});
