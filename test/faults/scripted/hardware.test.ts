import { ReportFormat, Verdict, type VettingRun } from "@groundcrew/proto";
import {
  eventually,
  extend,
  loadScenario,
  parseScenario,
  replayHardware,
  runCrew,
  startAgent,
  startServer,
  temporaryFolder,
  type Scenario,
  type TestServer,
} from "@groundcrew/testkit";
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

/** What the machines of the scenarios are ordered to be, as short as it can be measured. */
const PROFILE = `
name: replayed
description: A two-disk server.
stages:
  inventory:
    timeout: 30s
    gates:
      - { metric: cpu.threads, op: "=", value: 8 }
      - { metric: disk.count, op: "=", value: 2 }
      - { metric: dimm.count, op: "=", value: 2 }
      - { metric: memory.total_bytes, op: ">=", value: 33000000000 }
  spec_validate: { skip: no specification }
  smart:
    timeout: 30s
    parameters: { self_tests: [] }
    gates:
      - { metric: smart.drives, op: "=", value: 2, severity: error }
      - { metric: smart.health_passed, op: "=", value: 1 }
      - { metric: smart.media_errors, op: "=", value: 0, optional: true }
      - { metric: smart.pending_sectors, op: "=", value: 0, optional: true }
  cpu_stress:
    timeout: 30s
    parameters: { segments: 3, segment_seconds: 1, method: int64 }
    gates:
      - { metric: cpu_stress.verify_failures, op: "=", value: 0 }
      - { metric: cpu_stress.completed_share, op: ">=", value: 0.99, severity: error }
      - { metric: cpu_stress.throughput_spread, op: ">=", value: 0.9 }
  memory: { skip: nothing to replay }
  storage: { skip: nothing to replay }
  network: { skip: nothing to replay }
  gpu: { skip: none in this machine }
  psu:
    timeout: 30s
    parameters: { idle_seconds: 1, load_seconds: 1 }
    gates:
      - { metric: psu.present, op: "=", value: 2 }
      - { metric: psu.failed, op: "=", value: 0 }
  firmware: { skip: no list }
`;

/** What each machine must be told: every stage that is not a pass or a declared skip, with its reasons. */
const MACHINES: [scenario: string, verdict: "PASS" | "FAIL", told: Record<string, string[]>][] = [
  ["healthy", "PASS", {}],
  [
    "dying-nvme",
    "FAIL",
    {
      smart: [
        "smart.health_passed of disk NVME-0001 is 0; = 1 is wanted",
        "smart.media_errors of disk NVME-0001 is 17; = 0 is wanted",
      ],
    },
  ],
  ["throttling-cpu", "FAIL", { cpu_stress: ["cpu_stress.throughput_spread is 0.5; >= 0.9 is wanted"] }],
  ["wrong-dimm", "FAIL", { inventory: ["memory.total_bytes is 25165824000 B; >= 33000000000 is wanted"] }],
  ["dead-psu", "FAIL", { psu: ["psu.failed of psu PS2 Status is 1, 1 of psu PS2 Status; = 0 is wanted"] }],
];

// One server and one agent for all of them: the machine becomes another one between two runs.
test("simulated machines get the reports that they deserve", async (t) => {
  const server = await startServer(t);
  const hardware = await replayHardware(t, "healthy");
  const agent = await startAgent(t, server, { serves: "vetting", name: "replayed", env: hardware.env });
  const start = async () => {
    const { run } = await server.operator.startVetting({
      target: agent.name,
      profileFile: { path: "replayed.yaml", content: PROFILE },
    });
    return run?.id ?? "0";
  };

  const stressed = () =>
    eventually(async () => (await hardware.calls("stress-ng")).find((call) => call.includes("--yaml")), {
      what: "stress-ng runs",
    });

  for (const [scenario, verdict, told] of MACHINES) {
    await t.test(`${scenario}: ${verdict}`, async () => {
      await hardware.become(scenario);
      const run = await ended(server, await start());
      assert.deepEqual(troublesOf(run), told);
      assert.equal(run.verdict, Verdict[verdict]);
      if (scenario === "dying-nvme") await checkReports(t, server, run);
    });
  }

  await t.test("an agent killed in CPUStress goes on when it is back, and the machine passes", async () => {
    await hardware.become(await hangingOnce());
    const id = await start();
    await stressed();
    await agent.restart();
    const run = await ended(server, id);
    assert.deepEqual(troublesOf(run), {});
    assert.equal(run.verdict, Verdict.PASS);
  });

  await t.test("a machine that starts anew in CPUStress has failed it, with both boot ids", async () => {
    await hardware.become(await hangingOnce());
    const id = await start();
    await stressed();
    await agent.kill();
    const rebooted = { "proc/sys/kernel/random/boot_id": "99999999-2222-4333-8444-555555555555" };
    const description = "Has started anew.";
    const scenario = parseScenario({ name: "rebooted", description, tools: {}, files: rebooted });
    await hardware.become(extend(await loadScenario("healthy"), scenario));
    await agent.start();
    const run = await ended(server, id);
    const { cpu_stress: reasons = [], ...others } = troublesOf(run);
    assert.match(reasons.join("\n"), /^unexpected reboot: boot id 11111111-\S+, then 99999999-\S+;/);
    assert.deepEqual(others, {}, "the other stages still ran");
    assert.equal(run.verdict, Verdict.FAIL);
  });
});

/** A good machine whose stress-ng does not end, the first time. */
async function hangingOnce(): Promise<Scenario> {
  const hang = { "stress-ng": [{ when: "*--yaml *", times: 1, behave: "hang" }] };
  const hanging = parseScenario({ name: "hanging", description: "Hangs once.", tools: hang });
  return extend(await loadScenario("healthy"), hanging);
}

async function ended({ operator }: TestServer, id: string): Promise<VettingRun> {
  let last: VettingRun | undefined;
  for await (const { run } of operator.watchVettingRun({ id })) last = run;
  assert.ok(last);
  return last;
}

function troublesOf({ stages }: VettingRun): Record<string, string[]> {
  const troubled = stages.filter(({ verdict }) => verdict !== Verdict.PASS && verdict !== Verdict.SKIP);
  return Object.fromEntries(troubled.map(({ name, reasons }) => [name, reasons]));
}

/** The report in each format; crew fetches, and verifies the attestation by the key alone. */
async function checkReports(t: TestContext, server: TestServer, { id }: VettingRun): Promise<void> {
  const folder = await temporaryFolder(t);
  const formats = {
    html: ReportFormat.HTML,
    ocp: ReportFormat.OCP,
    junit: ReportFormat.JUNIT,
    inventory: ReportFormat.INVENTORY,
  };
  for (const [name, format] of Object.entries(formats)) {
    const parts = await Array.fromAsync(server.operator.getVettingReport({ id, format }));
    await writeFile(join(folder, name), Buffer.concat(parts.map(({ data }) => data)));
  }
  const html = await readFile(join(folder, "html"), "utf8");
  assert.match(html, /Package id 0/, "the sensors are drawn");
  assert.match(html, /<td>disk NVME-0001<\/td>/);
  assert.match(
    await readFile(join(folder, "junit"), "utf8"),
    /<failure message="smart\.health_passed of disk NVME-0001/,
  );
  assert.match(await readFile(join(folder, "ocp"), "utf8"), /"testRunEnd":{"status":"COMPLETE","result":"FAIL"}/);

  const attestation = await runCrew(server, ["vet", "report", id, "--format", "attestation"]);
  await writeFile(join(folder, "attestation"), attestation.stdout);
  const key = await runCrew(server, ["vet", "attestation", "key"]);
  await writeFile(join(folder, "key"), key.stdout);
  const subjects = Object.keys(formats).map((format) => join(folder, format));
  const verify = ["vet", "attestation", "verify", join(folder, "attestation"), "--key", join(folder, "key")];
  const verified = await runCrew(server, [...verify, "--subject", ...subjects]);
  assert.equal(verified.exitCode, 8, verified.stdout + verified.stderr);
  assert.match(verified.stdout, /^The signature holds: FAILED\n/);
}
