import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { identifyProcess } from "./process-identity.ts";
import { runProcess } from "./run-process.ts";
import { StopError } from "./stop-cause.ts";
import type { ProcessOptions } from "./supervise.ts";

/** A shell script as a process, and the text of its outputs. */
async function run(t: TestContext, script: string, options: Partial<ProcessOptions> = {}) {
  const cwd = await mkdtemp(join(tmpdir(), "process-"));
  t.after(() => rm(cwd, { recursive: true }));
  const texts = { stdout: "", stderr: "", fd3: "" };
  const keep = (name: keyof typeof texts) => async (chunk: Uint8Array) => {
    texts[name] += Buffer.from(chunk).toString();
  };
  const end = await runProcess({
    file: "sh",
    args: ["-c", script],
    cwd,
    env: { PATH: process.env["PATH"] ?? "" },
    marker: randomUUID(),
    outputs: { stdout: keep("stdout"), stderr: keep("stderr"), fd3: keep("fd3") },
    stop: new AbortController().signal,
    killGraceMs: 200,
    ...options,
  });
  return { end, cwd, ...texts };
}

/** Aborts with a cancel as soon as the process writes a line; the line is collected. */
function cancelAtFirstOutput() {
  const stop = new AbortController();
  let text = "";
  const sink = async (chunk: Uint8Array) => {
    text += Buffer.from(chunk).toString();
    if (text.includes("\n")) stop.abort(new StopError({ kind: "canceled", by: "ada" }));
  };
  const outputs = { stdout: sink, stderr: async () => {} };
  return { options: { stop: stop.signal, outputs }, text: () => text };
}

async function broken(): Promise<void> {
  throw new Error("the disk broke");
}

function isAlive(pid: string): boolean {
  return identifyProcess(Number(pid)) !== undefined;
}

suite("a process", () => {
  const ends: [name: string, script: string, end: object][] = [
    ["that exits 0", "exit 0", { kind: "exited", exitCode: 0 }],
    ["that exits with another code", "exit 7", { kind: "exited", exitCode: 7 }],
    ["that a signal ends", "kill -KILL $$", { kind: "signaled", signal: "SIGKILL" }],
  ];
  for (const [name, script, end] of ends) {
    test(name, async (t) => assert.deepEqual((await run(t, script)).end, end));
  }

  test("that cannot be started says why", async (t) => {
    const { end } = await run(t, "", { file: "no-such-program" });
    assert.equal(end.kind, "not_started");
    assert.match(end.kind === "not_started" ? end.message : "", /no-such-program/);
  });

  test("has an empty stdin, its own environment, and three outputs", async (t) => {
    process.env["GROUNDCREW_AGENT_TOKEN"] = "not for steps";
    t.after(() => delete process.env["GROUNDCREW_AGENT_TOKEN"]);
    const found = await run(t, "cat; env; echo warning >&2; echo evidence >&3");
    assert.doesNotMatch(found.stdout, /not for steps/);
    assert.equal(found.stderr, "warning\n");
    assert.equal(found.fd3, "evidence\n");
  });

  test("waits for a slow reader and loses nothing, also after its end", async (t) => {
    let bytes = 0;
    const slow = async (chunk: Uint8Array) => {
      await new Promise((resolve) => setImmediate(resolve));
      bytes += chunk.length;
    };
    await run(t, "head -c 1000000 /dev/zero", { outputs: { stdout: slow, stderr: slow } });
    assert.equal(bytes, 1_000_000);
  });

  test("is stopped when its output cannot be stored, and the reason is thrown", async (t) => {
    const outputs = { stdout: broken, stderr: broken };
    await assert.rejects(run(t, "echo; sleep 1000", { outputs }), /the disk broke/);
  });
});

suite("stopping a process", () => {
  test("ends its whole group, and says why it was stopped", async (t) => {
    const { options, text } = cancelAtFirstOutput();
    const { end } = await run(t, "sleep 1000 & echo $!; wait", options);
    assert.deepEqual(end, { kind: "stopped", cause: { kind: "canceled", by: "ada" }, signal: "SIGTERM" });
    assert.equal(isAlive(text().trim()), false);
  });

  test("lets it clean up", async (t) => {
    const { options } = cancelAtFirstOutput();
    const clean = "trap 'echo cleaned > cleaned; exit 0' TERM; echo; while :; do sleep 0.01; done";
    const { end, cwd } = await run(t, clean, { ...options, killGraceMs: 10_000 });
    assert.equal(end.kind, "stopped");
    assert.equal(await readFile(join(cwd, "cleaned"), "utf8"), "cleaned\n");
  });

  test("kills what ignores SIGTERM", async (t) => {
    const { options } = cancelAtFirstOutput();
    const { end } = await run(t, "trap '' TERM; echo; while :; do sleep 0.01; done", options);
    assert.deepEqual(end, { kind: "stopped", cause: { kind: "canceled", by: "ada" }, signal: "SIGKILL" });
  });

  test("reaches children that made a session of their own", async (t) => {
    const { options, text } = cancelAtFirstOutput();
    await run(t, "setsid sh -c 'echo $$; exec sleep 1000' & wait", options);
    assert.equal(isAlive(text().trim()), false);
  });
});

suite("what a process leaves behind when it ends by itself", () => {
  test("is killed with its group", async (t) => {
    const { end, stdout } = await run(t, "sleep 1000 & echo $!");
    assert.deepEqual(end, { kind: "exited", exitCode: 0 });
    assert.equal(isAlive(stdout.trim()), false);
  });

  test("cannot keep its end waiting, even from another session with the pipe in hand", async (t) => {
    const { end, stdout } = await run(t, "setsid sh -c 'echo $$; exec sleep 1000' & read x < /dev/null; sleep 0.3");
    assert.deepEqual(end, { kind: "exited", exitCode: 0 });
    assert.equal(isAlive(stdout.trim()), false);
  });
});
