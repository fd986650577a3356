import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { StopError } from "../process/stop-cause.ts";
import { removeTree } from "../workspace/remove-tree.ts";
import type { Backend, BackendRunOptions } from "./backend.ts";
import { Local } from "./local.ts";
import { openBackend } from "./open-backend.ts";
import { cancelStep, runStep, stepOf, temporaryFolder } from "./testing.ts";

const NO_BUBBLEWRAP = "needs a working bubblewrap (Debian package bubblewrap)";
// Real ones, found as an agent finds them. container has tests of its own: there is no docker to run it on.
const sandbox = await openBackend({ name: "sandbox", hiddenPaths: [] }).catch(() => undefined);
const local = await openBackend({ name: "local", hiddenPaths: [] });
const backends: readonly [name: string, backend: Backend | undefined][] = [
  ["sandbox", sandbox],
  ["local, with bubblewrap", local.limits.length === 2 ? local : undefined],
  ["local, without bubblewrap", new Local({ bubblewrap: undefined })],
];

/** Whether a process lives that has this text in its command line. */
function lives(text: string): boolean {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.some((pid) => pid !== String(process.pid) && commandLine(pid).includes(text));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/** A command that sleeps and can be told from all others. */
function sleeper(): string {
  return `sleep ${1000 + Math.random()}`;
}

const asCommandLine = (command: string) => command.replace(" ", "\0");

for (const [name, found] of backends) {
  const skip = found === undefined ? NO_BUBBLEWRAP : false;
  const backend = found as Backend;
  const it = (title: string, body: (t: TestContext) => Promise<void>) => void test(title, { skip }, body);

  suite(`backend ${name}`, () => {
    const ends: [title: string, script: string, end: object][] = [
      ["success", "exit 0", { kind: "exited", exitCode: 0 }],
      ["an exit code", "exit 7", { kind: "exited", exitCode: 7 }],
      ["an exit code that looks like a signal's", "exit 137", { kind: "exited", exitCode: 137 }],
      ["SIGKILL", "kill -KILL $$", { kind: "signaled", signal: "SIGKILL" }],
      ["SIGTERM", "kill -TERM $$", { kind: "signaled", signal: "SIGTERM" }],
      ["SIGSEGV", "kill -SEGV $$", { kind: "signaled", signal: "SIGSEGV" }],
    ];
    for (const [title, script, end] of ends) {
      it(`tells ${title}`, async (t) => assert.deepEqual((await runStep(t, backend, script)).end, end));
    }

    it("tells why a program cannot be started", async (t) => {
      const { end } = await runStep(t, backend, "", { file: "no-such-program" });
      assert.match(end.kind === "not_started" ? end.message : end.kind, /no-such-program/);
    });

    it("tells that the workspace is gone", async (t) => {
      const { step, workspace } = await stepOf(t, "exit 0");
      await removeTree(workspace.root);
      const end = await backend.run(step);
      assert.match(end.kind === "not_started" ? end.message : end.kind, /1-101/);
    });

    it("goes on when the step deletes its own workspace", async (t) => {
      const { end, stdout } = await runStep(t, backend, 'rm -rf "$PWD"/* "$PWD" 2>/dev/null; echo on');
      assert.deepEqual([end, stdout], [{ kind: "exited", exitCode: 0 }, "on\n"]);
    });

    it("gives an empty stdin and only the environment named, values of any kind included", async (t) => {
      process.env["GROUNDCREW_AGENT_TOKEN"] = "not for steps";
      t.after(() => delete process.env["GROUNDCREW_AGENT_TOKEN"]);
      const env = { PATH: "/usr/bin:/bin", ODD: 'a\'b "c"\n$d\\', LD_LIBRARY_PATH: "/none" };
      const { stdout, stderr } = await runStep(t, backend, 'cat; printf "%s|" "$ODD" "$LD_LIBRARY_PATH"; env >&2', {
        env,
      });
      assert.equal(stdout, `${env.ODD}|/none|`);
      assert.doesNotMatch(stderr, /not for steps/);
    });

    it("keeps each output in order and apart, through ten thousand lines at once", async (t) => {
      const { stdout, stderr } = await runStep(t, backend, "seq 1 10000; seq 1 10000 >&2; echo last");
      const lines = Array.from({ length: 10_000 }, (_, index) => `${index + 1}\n`).join("");
      assert.ok(stdout === `${lines}last\n` && stderr === lines);
    });

    it("passes every byte on as it is", async (t) => {
      const all = Array.from({ length: 256 }, (_, byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
      const { stdout } = await runStep(t, backend, `printf '${all}'`);
      assert.deepEqual(Buffer.from(stdout, "latin1"), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
    });

    it("lets a step open its outputs again by their names in /dev, and stdin, which is empty", async (t) => {
      const script = "echo out >/dev/stdout; echo err >/dev/stderr; sh -c 'echo more >>/dev/fd/2'; cat /dev/stdin";
      const { end, stdout, stderr } = await runStep(t, backend, script);
      assert.deepEqual([end, stdout, stderr], [{ kind: "exited", exitCode: 0 }, "out\n", "err\nmore\n"]);
    });

    it("lets a step meet a full disk and say so", async (t) => {
      const { end, stderr } = await runStep(t, backend, "seq 1 9 >/dev/full");
      assert.ok(end.kind === "exited" && end.exitCode !== 0);
      assert.match(stderr, /No space left/);
    });

    it("leaves nothing of a tree that ends by itself: setsid, double fork, and zombies", async (t) => {
      const [plain, session, orphan] = [sleeper(), sleeper(), sleeper()];
      const script = `${plain} & setsid ${session} & (setsid ${orphan} &) ; sh -c 'true & exec sleep 0.05'; exit 3`;
      const { end } = await runStep(t, backend, script, { outputs: noOutputs });
      assert.deepEqual(end, { kind: "exited", exitCode: 3 });
      for (const command of [plain, session, orphan]) assert.equal(lives(asCommandLine(command)), false);
    });

    it("stops the whole tree: setsid and double fork", async (t) => {
      const [plain, session, orphan] = [sleeper(), sleeper(), sleeper()];
      const script = `${plain} & setsid ${session} & (setsid ${orphan} &) ; echo; wait`;
      const { end } = await cancelStep(t, backend, script);
      assert.deepEqual(end, { kind: "stopped", cause: { kind: "canceled", by: "ada" }, signal: "SIGTERM" });
      for (const command of [plain, session, orphan]) assert.equal(lives(asCommandLine(command)), false);
    });

    it("kills what ignores SIGTERM, and what its children fork meanwhile", async (t) => {
      const ignoring = sleeper();
      const script = `trap '' TERM; ${ignoring} & echo; while :; do sleep 0.01; done`;
      const { end } = await cancelStep(t, backend, script);
      assert.deepEqual(end, { kind: "stopped", cause: { kind: "canceled", by: "ada" }, signal: "SIGKILL" });
      assert.equal(lives(asCommandLine(ignoring)), false);
    });

    it("lets a child clean up when its parent has died of the SIGTERM", async (t) => {
      const child = "trap 'echo cleaned >cleaned; exit' TERM; echo; while :; do sleep 0.01; done";
      const { workspace } = await cancelStep(t, backend, `sh -c "${child}"; exit 1`, { killGraceMs: 10_000 });
      assert.equal(await readFile(join(workspace.directory, "cleaned"), "utf8"), "cleaned\n");
    });

    it("does not start what is already stopped", async (t) => {
      const stop = AbortSignal.abort(new StopError({ kind: "step_timeout", timeoutMs: 5 }));
      const { end } = await runStep(t, backend, "exit 0", { stop });
      assert.deepEqual(end, { kind: "stopped", cause: { kind: "step_timeout", timeoutMs: 5 } });
    });

    it("throws what a sink throws, once the tree is gone", async (t) => {
      const command = sleeper();
      const outputs = { stdout: broken, stderr: broken };
      await assert.rejects(runStep(t, backend, `echo; ${command}`, { outputs }), /the disk broke/);
      assert.equal(lives(asCommandLine(command)), false);
    });
  });
}

const noOutputs: BackendRunOptions["outputs"] = { stdout: async () => {}, stderr: async () => {} };

async function broken(): Promise<void> {
  throw new Error("the disk broke");
}

suite("what the sandbox keeps from a step", { skip: sandbox === undefined ? NO_BUBBLEWRAP : false }, () => {
  const backend = sandbox as Backend;

  test("other workspaces, the agent's files, what only root reads, and the processes of the machine", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "agent-"));
    t.after(() => rm(folder, { recursive: true }));
    const tries = [
      `ls ${folder}`,
      "cat /etc/shadow",
      "ls /root/.",
      "ls /home/.",
      "ls /run/*",
      `kill -0 ${process.pid}`,
    ];
    const script = tries.map((attempt) => `${attempt} 2>&- && echo reached: '${attempt}'`).join("\n");
    assert.equal((await runStep(t, backend, `${script}\ntrue`)).stdout, "");
  });

  test("a hidden path inside a folder that is shown", async (t) => {
    const shown = await temporaryFolder(t);
    const hiding = await openBackend({
      name: "sandbox",
      hiddenPaths: [import.meta.filename],
      readOnlyPaths: [import.meta.dirname, shown],
    });
    const { end, stdout } = await runStep(
      t,
      hiding,
      `ls ${import.meta.dirname}/backend.ts && cat ${import.meta.filename}`,
    );
    assert.deepEqual([end.kind, stdout], ["exited", `${import.meta.dirname}/backend.ts\n`]);
    assert.ok(end.kind === "exited" && end.exitCode !== 0);
  });

  test("writing: only the workspace, home, tmp and outputs can be changed", async (t) => {
    const { end, stdout, workspace } = await runStep(
      t,
      backend,
      `for f in "$PWD" "$HOME" "$TMPDIR" /tmp; do echo >"$f/new" || echo no: "$f"; done
      for f in .. / /usr /etc /opt /proc/sys/kernel /var /run; do echo 2>&- >"$f/new" && echo yes: "$f"; done; true`,
    );
    assert.deepEqual([end, stdout], [{ kind: "exited", exitCode: 0 }, ""]);
    assert.ok(workspace);
  });

  test("rights: no capability, also in a namespace that it makes itself", async (t) => {
    const undo = "mount -o remount,rw,bind /usr && echo rw; umount /proc/sys && echo bare; umount /tmp && echo other";
    const nested = await runStep(t, backend, `unshare --user --map-root-user --mount sh -c '${undo}'`);
    assert.equal(nested.stdout, "");
    const { stdout } = await runStep(t, backend, "grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status");
    assert.equal(stdout, "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n");
  });

  test("a network, where it asks for none", async (t) => {
    const { stdout } = await runStep(t, backend, "tail -n +3 /proc/net/dev | cut -d: -f1", { network: "none" });
    assert.equal(stdout.trim(), "lo");
  });
});
