import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { StopError } from "../process/stop-cause.ts";
import { makeWorkspace } from "../workspace/workspace.ts";
import type { Backend, BackendRunOptions } from "./backend.ts";

/** A folder that is deleted when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "backend-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** What a step of these tests is run with: a shell script in an empty workspace. */
export async function stepOf(t: TestContext, script: string, options: Partial<BackendRunOptions> = {}) {
  const folder = await temporaryFolder(t);
  const workspace = options.workspace ?? (await makeWorkspace(folder, "1", "101"));
  const step: BackendRunOptions = {
    file: "sh",
    args: ["-c", script],
    cwd: workspace.directory,
    env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", HOME: workspace.home, TMPDIR: workspace.temporary },
    marker: randomUUID(),
    outputs: { stdout: async () => {}, stderr: async () => {} },
    stop: new AbortController().signal,
    killGraceMs: 200,
    workspace,
    ...options,
  };
  return { folder, workspace, step };
}

/** Runs a script; answers its end and its outputs. */
export async function runStep(
  t: TestContext,
  backend: Backend,
  script: string,
  options: Partial<BackendRunOptions> = {},
) {
  const texts = { stdout: "", stderr: "" };
  const keep = (name: keyof typeof texts) => async (chunk: Uint8Array) => {
    texts[name] += Buffer.from(chunk).toString("latin1");
  };
  const outputs = { stdout: keep("stdout"), stderr: keep("stderr") };
  const { step, workspace } = await stepOf(t, script, { outputs, ...options });
  const end = await backend.run(step);
  return { end, workspace, ...texts };
}

/** Stops a script as somebody's cancel once it has written a line. */
export async function cancelStep(
  t: TestContext,
  backend: Backend,
  script: string,
  options: Partial<BackendRunOptions> = {},
) {
  const stop = new AbortController();
  const texts = { stdout: "", stderr: "" };
  const stdout = async (chunk: Uint8Array) => {
    texts.stdout += Buffer.from(chunk).toString();
    if (texts.stdout.includes("\n")) stop.abort(new StopError({ kind: "canceled", by: "ada" }));
  };
  const outputs = { stdout, stderr: async () => {} };
  const { end, workspace } = await runStep(t, backend, script, { ...options, outputs, stop: stop.signal });
  return { end, workspace, stdout: texts.stdout };
}
