import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { StepState, WorkflowState } from "@groundcrew/proto";
import { fingerprintOf } from "@groundcrew/rpc";
import { type RpcServer } from "@groundcrew/rpc/server";
import { parse } from "yaml";
import { crew } from "./testing/crew-process.ts";
import { startOnTerminal, terminalMissing } from "./testing/crew-terminal.ts";
import { Emulator } from "./testing/emulator.ts";
import { FAKE_TOKEN, startFakeServer, type FakeHandlers } from "./testing/fake-server.ts";
import { at, pipeline, stepRun, workflow } from "./testing/fixtures.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { testIdentity } from "./testing/tls-identity.ts";

const missing = terminalMissing();
const fingerprint = fingerprintOf(testIdentity.cert);

async function serverOf(t: TestContext, handlers: FakeHandlers, secure = false): Promise<RpcServer> {
  const server = await startFakeServer(handlers, secure ? { tls: testIdentity } : {});
  t.after(() => server.close(0));
  return server;
}

suite("on a terminal", { skip: missing ?? false }, () => {
  test("watch redraws in place, and leaves the whole picture and the cursor", async (t) => {
    const go = Promise.withResolvers<void>();
    const steps = [stepRun("make", StepState.FAILED, { exitCode: 2, startedAt: at(0), finishedAt: at(3) })];
    const { url } = await serverOf(t, {
      async *watchPipeline() {
        yield {
          pipeline: pipeline(WorkflowState.RUNNING, [workflow("build", WorkflowState.RUNNING, { startedAt: at(0) })]),
        };
        await go.promise;
        const ended = { startedAt: at(0), finishedAt: at(3), endReason: 2, stepRuns: steps } as const;
        yield {
          pipeline: pipeline(WorkflowState.FAILED, [workflow("build", WorkflowState.FAILED, ended)], {
            finishedAt: at(3),
          }),
        };
      },
    });
    const terminal = startOnTerminal(["pipelines", "watch", "42"], { url });
    await terminal.showed("running");
    go.resolve();
    assert.equal(await terminal.ended, 8);
    const screen = new Emulator(80);
    screen.write(terminal.shown());
    assert.deepEqual(screen.lines, [
      " ✗ ci  #42  main@1a2b3c4  failed  3.0s",
      " ✗ build   failed        3.0s  a step failed",
      "   ✗ make  failed        3.0s  exit code 2",
      " ━━━━━━━━━━━━━━━━━━━━  1 of 1 ended: 1 failed",
      "build failed; its log: crew workflows logs 11 --step make",
    ]);
    assert.equal(screen.cursorShown, true);
  });

  test("data is destroyed only where each disk's serial was typed once more", async (t) => {
    const asked: { destroyData: string[]; confirm: string[]; confirmSignatures: string[] }[] = [];
    const { url } = await serverOf(t, {
      retryVettingStage: ({ destroyData, confirm, confirmSignatures }) => {
        asked.push({ destroyData, confirm, confirmSignatures });
        return {};
      },
    });
    const retry = ["vet", "retry", "4", "storage", "--destroy-data", "S1", "--destroy-data", "S2"];
    const wrong = startOnTerminal(retry, { url });
    await wrong.showed("All data on disk S1 will be lost");
    wrong.type("y\r");
    assert.equal(await wrong.ended, 1);
    assert.match(wrong.shown(), /that is not the disk's serial, so nothing was done/);
    assert.deepEqual(asked, []);

    const right = startOnTerminal([...retry, "--confirm-signatures", "S2"], { url });
    await right.showed("disk S1");
    right.type("S1\r");
    await right.showed("disk S2");
    right.type("S2\r");
    assert.equal(await right.ended, 0);
    assert.deepEqual(asked, [{ destroyData: ["S1", "S2"], confirm: ["S1", "S2"], confirmSignatures: ["S2"] }]);
  });

  test("Ctrl-C gives the cursor back: exit code 130", async (t) => {
    const { url } = await serverOf(t, {
      async *watchPipeline(_request, { signal }) {
        yield { pipeline: pipeline(WorkflowState.RUNNING, []) };
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    });
    const terminal = startOnTerminal(["pipelines", "watch", "42"], { url });
    await terminal.showed("running");
    terminal.type("\x03");
    assert.equal(await terminal.ended, 130);
    assert.match(terminal.shown(), /\p{Cc}\[\?25h[^]*pipeline 42 goes on/u);
  });

  test("login shows an unknown certificate, asks, hides the token, and pins", async (t) => {
    const { url } = await serverOf(t, {}, true);
    const env = { XDG_CONFIG_HOME: await temporaryFolder(t) };
    const terminal = startOnTerminal(["login", url, "--context", "here"], { env });
    await terminal.showed("[y/N]");
    terminal.type("y\r");
    await terminal.showed("Token (not shown): ");
    terminal.type(`x\x7f${FAKE_TOKEN}\r`);
    assert.equal(await terminal.ended, 0);
    assert.ok(terminal.shown().includes(fingerprint));
    assert.ok(!terminal.shown().includes(FAKE_TOKEN));
    const saved = parse(await readFile(join(env.XDG_CONFIG_HOME, "groundcrew", "config.yaml"), "utf8")) as object;
    assert.deepEqual(saved, { current: "here", contexts: { here: { url, token: FAKE_TOKEN, fingerprint } } });
  });

  test("login trusts nothing when the answer is no: exit code 3", async (t) => {
    const { url } = await serverOf(t, {}, true);
    const terminal = startOnTerminal(["login", url], { env: { XDG_CONFIG_HOME: await temporaryFolder(t) } });
    await terminal.showed("[y/N]");
    terminal.type("\r");
    assert.equal(await terminal.ended, 3);
  });
});

suite("login over TLS without a terminal", () => {
  test("wants the fingerprint, and says how to give it: exit code 3", async (t) => {
    const { url } = await serverOf(t, {}, true);
    const { stderr, exitCode } = await crew(["login", url, "--token", FAKE_TOKEN]);
    assert.match(stderr, /--fingerprint sha256:/);
    assert.equal(exitCode, 3);
  });

  const ways: [how: string, args: (folder: string) => string[]][] = [
    ["--fingerprint", () => ["--fingerprint", fingerprint]],
    ["--ca-file", (folder) => ["--ca-file", join(folder, "ca.pem")]],
  ];
  for (const [how, args] of ways) {
    test(`${how} is enough`, async (t) => {
      const { url } = await serverOf(t, {}, true);
      const folder = await temporaryFolder(t);
      await writeFile(join(folder, "ca.pem"), testIdentity.cert);
      const env = { XDG_CONFIG_HOME: folder };
      const login = await crew(["login", url, "--token", FAKE_TOKEN, ...args(folder)], { env });
      assert.equal(login.stderr, "");
      assert.equal((await crew(["version"], { env })).stdout.split("\n")[1], `server 9.9.9 at ${url}`);
    });
  }

  test("another server's certificate is refused: exit code 3", async (t) => {
    const { url } = await serverOf(t, {}, true);
    const wrong = `sha256:${"0".repeat(64)}`;
    const { stderr, exitCode } = await crew(["login", url, "--token", FAKE_TOKEN, "--fingerprint", wrong]);
    assert.ok(stderr.includes(fingerprint) && stderr.includes(wrong));
    assert.equal(exitCode, 3);
  });
});
