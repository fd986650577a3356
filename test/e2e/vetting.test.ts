import { Verdict, WorkflowState } from "@groundcrew/proto";
import { eventually, runCrew, startAgent, startServer, temporaryFolder } from "@groundcrew/testkit";
import { execa } from "execa";
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
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

/** Besides, a file that is written and read, and a link to the server's own reflector: over loopback, here. */
const WITH_FILE_AND_LINK = PROFILE.replace(
  "  storage: { skip: too long }\n  network: { skip: no partner }\n",
  `  storage:
    timeout: 60s
    parameters: { seconds: 1, targets: [{ file: scratch, size: 4MiB }] }
    gates:
      - { metric: storage.errors, op: "=", value: 0 }
      - { metric: storage.verify.errors, op: "=", value: 0 }
  network:
    timeout: 60s
    parameters: { seconds: 1, omit_seconds: 0 }
    gates:
      - { metric: network.bits_per_second, op: ">", value: 0 }
      - { metric: network.reverse_bits_per_second, op: ">", value: 0 }
`,
);

/** A port of loopback that nobody has. */
async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}

test("vetting", async (t) => {
  const server = await startServer(t, { flags: ["--reflector-ports", String(await freePort())] });
  const folder = await temporaryFolder(t);
  const profile = join(folder, "brief.yaml");
  const keys = join(folder, "ssh", "authorized_keys");
  const agent = await startAgent(t, server, { serves: "vetting", name: "bench-1", flags: ["--authorized-keys", keys] });

  await t.test("a machine is vetted: verdicts from evidence, and a report", async (t) => {
    for (const tool of ["stress-ng", "fio", "iperf3"]) {
      const found = await execa(tool, ["--version"], { reject: false });
      if (found.failed) return t.skip(`needs ${tool} (Debian package ${tool})`);
    }
    await writeFile(profile, WITH_FILE_AND_LINK);
    const started = await runCrew(server, ["vet", "start", agent.name, "--profile", profile, "--watch"]);
    assert.equal(started.exitCode, 0, started.stdout + started.stderr);
    const { runs } = await server.operator.listVettingRuns({});
    const { run } = await server.operator.getVettingRun({ id: runs[0]?.id ?? "0" });
    assert.deepEqual([run?.workflow?.state, run?.stage, run?.profile], [WorkflowState.SUCCEEDED, "passed", "brief"]);
    const verdicts = Object.fromEntries(run?.stages.map(({ name, verdict }) => [name, verdict]) ?? []);
    for (const stage of ["inventory", "cpu_stress", "storage", "network"]) {
      assert.equal(
        verdicts[stage],
        Verdict.PASS,
        `${stage}: ${run?.stages.find(({ name }) => name === stage)?.reasons.join("; ")}`,
      );
    }
    assert.equal(verdicts["smart"], Verdict.SKIP);
    assert.equal(run?.notCovered.length, 6);
    const evidence = run?.stages.find(({ name }) => name === "cpu_stress")?.evidence.map(({ name }) => name) ?? [];
    assert.ok(evidence.includes("ocp.jsonl") && evidence.length > 1, evidence.join(", "));

    const report = join(folder, "report.html");
    const fetched = await runCrew(server, ["vet", "report", run?.id ?? "", "--output", report]);
    assert.equal(fetched.exitCode, 0, fetched.stderr);
    const html = await readFile(report, "utf8");
    for (const text of ["<!doctype html>", "brief", "no controller", "cpu_stress"]) {
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

  await t.test("a machine that does not pass is held, reachable, until an operator decides", async () => {
    const holds = PROFILE.replace("stages:", "hold: { expires: 1h, ssh_key: true }\nstages:");
    await writeFile(
      profile,
      holds.replace('metric: cpu.threads, op: ">=", value: 1', 'metric: cpu.threads, op: "=", value: 0'),
    );
    const started = await runCrew(server, ["vet", "start", agent.name, "--profile", profile, "--watch"]);
    assert.equal(started.exitCode, 8, started.stdout + started.stderr);
    assert.match(started.stderr, /its machine is held: crew vet retry \d+ STAGE/);
    const id = (await server.operator.listVettingRuns({})).runs[0]?.id ?? "";
    const keyLines = async () => (await readFile(keys, "utf8").catch(() => "")).match(/groundcrew-hold-/g)?.length ?? 0;
    await eventually(async () => (await keyLines()) === 1 || undefined, { what: "the agent lets the key in" });
    assert.equal((await stat(keys)).mode & 0o777, 0o600);

    await server.restart();
    const shown = await runCrew(server, ["vet", "show", id]);
    assert.match(shown.stdout, /holding.*\n[^]*held for inventory: fail: cpu\.threads/);
    const file = join(folder, "key");
    const fetched = await runCrew(server, ["vet", "key", id, "--output", file]);
    assert.equal(fetched.exitCode, 0, fetched.stderr);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match(await readFile(file, "utf8"), /^-----BEGIN OPENSSH PRIVATE KEY-----\n/);

    const untyped = await runCrew(server, ["vet", "retry", id, "storage", "--destroy-data", "S1"]);
    assert.equal(untyped.exitCode, 2);
    assert.match(untyped.stderr, /nobody is here to type the serials/);
    const wrong = ["vet", "retry", id, "storage", "--destroy-data", "S1", "--confirm", "S2"];
    assert.match((await runCrew(server, wrong)).stderr, /S1, typed once more/);
    const retried = await runCrew(server, ["vet", "retry", id, "inventory"]);
    assert.equal(retried.exitCode, 0, retried.stderr);
    assert.equal((await runCrew(server, ["vet", "watch", id])).exitCode, 8, "it fails again, and is held again");
    assert.equal((await runCrew(server, ["vet", "waive", id])).exitCode, 2, "a waiver needs a reason");
    const waived = await runCrew(server, ["vet", "waive", id, "--reason", "a test"]);
    assert.match(waived.stdout, /passed, warn/i);
    const { run } = await server.operator.getVettingRun({ id });
    assert.deepEqual([run?.stage, run?.acts.map(({ kind }) => kind)], ["passed", ["key", "retry", "waive"]]);
    await eventually(async () => (await keyLines()) === 0 || undefined, { what: "the agent removes the key" });
    const late = await runCrew(server, ["vet", "reject", id]);
    assert.match(late.stderr, /has ended/);
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
