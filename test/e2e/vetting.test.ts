import { Verdict, WorkflowState } from "@groundcrew/proto";
import { runCrew, startAgent, startServer, temporaryFolder } from "@groundcrew/testkit";
import { execa } from "execa";
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

/** The demo's stages, as short as they can be. */
const PROFILE = `
name: brief
description: The shortest look.
stages:
  inventory:
    timeout: 30s
    gates:
      - { metric: cpu.threads, op: ">=", value: 1 }
      - { metric: memory.total_bytes, op: ">=", value: 1 }
  cpu_stress:
    required: false
    timeout: 30s
    parameters: { segments: 1, segment_seconds: 1, method: int64 }
    gates:
      - { metric: cpu_stress.verify_failures, op: "=", value: 0 }
  spec_validate: { skip: no specification }
  smart: { skip: no drives }
  memory: { skip: too long }
  storage: { skip: too long }
  network: { skip: no partner }
  gpu: { skip: no GPU }
  psu: { skip: no controller }
  firmware: { skip: no list }
`;

test("vetting", async (t) => {
  const server = await startServer(t);
  const folder = await temporaryFolder(t);
  const profile = join(folder, "brief.yaml");
  const agent = await startAgent(t, server, { serves: "vetting", name: "bench-1" });

  await t.test("a machine is vetted: verdicts from evidence, and a report", async (t) => {
    const stressNg = await execa("stress-ng", ["--version"], { reject: false });
    if (stressNg.failed) return t.skip("needs stress-ng (Debian package stress-ng)");
    await writeFile(profile, PROFILE);
    const started = await runCrew(server, ["vet", "start", agent.name, "--profile", profile, "--watch"]);
    assert.equal(started.exitCode, 0, started.stdout + started.stderr);
    const { runs } = await server.operator.listVettingRuns({});
    const { run } = await server.operator.getVettingRun({ id: runs[0]?.id ?? "0" });
    assert.deepEqual([run?.workflow?.state, run?.stage, run?.profile], [WorkflowState.SUCCEEDED, "passed", "brief"]);
    const verdicts = Object.fromEntries(run?.stages.map(({ name, verdict }) => [name, verdict]) ?? []);
    assert.deepEqual([verdicts["inventory"], verdicts["cpu_stress"]], [Verdict.PASS, Verdict.PASS]);
    assert.equal(verdicts["smart"], Verdict.SKIP);
    assert.equal(run?.notCovered.length, 8);
    const evidence = run?.stages.find(({ name }) => name === "cpu_stress")?.evidence.map(({ name }) => name) ?? [];
    assert.ok(evidence.includes("ocp.jsonl") && evidence.length > 1, evidence.join(", "));

    const report = join(folder, "report.html");
    const fetched = await runCrew(server, ["vet", "report", run?.id ?? "", "--output", report]);
    assert.equal(fetched.exitCode, 0, fetched.stderr);
    const html = await readFile(report, "utf8");
    for (const text of ["<!doctype html>", "brief", "no partner", "cpu_stress"]) {
      assert.ok(html.toLowerCase().includes(text), `the report says ${text}`);
    }
    assert.doesNotMatch(html, /(?:src|href)="https?:/, "it needs nothing else");
  });

  await t.test("a gate that the machine does not meet fails it, and crew's exit code says so", async () => {
    await writeFile(
      profile,
      PROFILE.replace('metric: cpu.threads, op: ">=", value: 1', 'metric: cpu.threads, op: "=", value: 0'),
    );
    const result = await runCrew(server, ["vet", "start", agent.name, "--profile", profile, "--watch"]);
    assert.equal(result.exitCode, 8, result.stdout + result.stderr);
    const { runs } = await server.operator.listVettingRuns({});
    assert.deepEqual([runs[0]?.stage, runs[0]?.verdict], ["failed", Verdict.FAIL]);
    assert.equal(runs[0]?.workflow?.state, WorkflowState.FAILED);
  });

  await t.test("a profile with mistakes, and a machine that nobody knows, are told apart", async () => {
    await writeFile(profile, "name: broken\nstages:\n  inventory: {}\n");
    const broken = await runCrew(server, ["vet", "start", agent.name, "--profile", profile]);
    assert.equal(broken.exitCode, 2, broken.stderr);
    assert.match(broken.stderr, /brief\.yaml:3:/);
    const unknown = await runCrew(server, ["vet", "start", "no-such-machine"]);
    assert.equal(unknown.exitCode, 4, unknown.stderr);
  });

  await t.test("a run that is canceled while a stage runs ends canceled", async (t) => {
    const stressNg = await execa("stress-ng", ["--version"], { reject: false });
    if (stressNg.failed) return t.skip("needs stress-ng (Debian package stress-ng)");
    const long = PROFILE.replace("segment_seconds: 1", "segment_seconds: 25");
    const { run } = await server.operator.startVetting({
      target: agent.name,
      profileFile: { path: "long.yaml", content: long },
    });
    const id = run?.id ?? "0";
    const leave = new AbortController();
    for await (const { run } of server.operator.watchVettingRun({ id }, { signal: leave.signal })) {
      if (run?.stage === "cpu_stress" && run.workflow?.cancelRequested === false) {
        await server.operator.cancelWorkflow({ id });
      }
      if (run?.workflow?.state === WorkflowState.CANCELED) break;
    }
    leave.abort();
    const { run: ended } = await server.operator.getVettingRun({ id });
    assert.equal(ended?.workflow?.state, WorkflowState.CANCELED);
  });
});
