import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { create } from "@bufbuild/protobuf";
import { VettingRunSchema } from "@groundcrew/proto";
import { ExitCode } from "../exit-codes.ts";
import { runCrew } from "../run.ts";
import { FAKE_TOKEN, startFakeServer } from "../testing/fake-server.ts";
import { memoryIo } from "../testing/memory-io.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const NVME = {
  smartctl: {},
  device: { name: "/dev/nvme0" },
  smart_status: { passed: true },
  nvme_smart_health_information_log: { critical_warning: 0, media_errors: 0 },
};

/** What `crew vet evaluate smart` says of a file with this in it. No server is known to it. */
async function evaluate(t: TestContext, content: string, ...flags: string[]) {
  const file = join(await temporaryFolder(t), "capture");
  await writeFile(file, content);
  const io = memoryIo();
  const exitCode = await runCrew(["vet", "evaluate", "smart", file, ...flags], io);
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

suite("crew vet evaluate", () => {
  test("judges a capture without a server, and its exit code tells a pass", async (t) => {
    const { exitCode, stdout } = await evaluate(t, JSON.stringify(NVME));
    assert.equal(exitCode, ExitCode.ok);
    assert.match(stdout, /^verdict: pass\n/);
    assert.match(stdout, /smart\.media_errors +0\n/);
  });

  test("answers in JSON: verdict, reasons, metrics", async (t) => {
    const failing = { ...NVME, nvme_smart_health_information_log: { critical_warning: 4, media_errors: 0 } };
    const { exitCode, stdout } = await evaluate(t, JSON.stringify(failing), "-o", "json");
    assert.equal(exitCode, ExitCode.unsuccessful);
    const { verdict, reasons, metrics } = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(verdict, "fail");
    assert.deepEqual(reasons, ["smart.critical_warnings is 4; = 0 is wanted"]);
    assert.deepEqual((metrics as Record<string, number>)["smart.critical_warnings"], 4);
  });

  test("calls what it cannot read an error, and writes nothing of it on the terminal", async (t) => {
    const { exitCode, stdout } = await evaluate(t, "\u001b[2Jnot JSON");
    assert.equal(exitCode, ExitCode.unsuccessful);
    assert.match(stdout, /^verdict: error\n {2}this is not the JSON/);
    assert.ok(!stdout.includes("\u001b"));
  });
});

/** What `crew vet evaluate` says in a folder with these files. */
async function evaluateIn(t: TestContext, files: Record<string, string>, ...args: string[]) {
  const cwd = await temporaryFolder(t);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), content);
  }
  const io = { ...memoryIo(), cwd };
  const exitCode = await runCrew(["vet", "evaluate", ...args], io);
  return { exitCode, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

const stages = [
  "inventory",
  "spec_validate",
  "smart",
  "cpu_stress",
  "memory",
  "storage",
  "network",
  "gpu",
  "psu",
  "firmware",
];
const profile = (threads: number): string =>
  `name: again\nstages:\n${stages
    .map((stage) =>
      stage === "inventory"
        ? `  inventory: { timeout: 1m, gates: [{ metric: cpu.threads, op: ">=", value: ${threads} }] }\n`
        : `  ${stage}: { skip: not asked }\n`,
    )
    .join("")}`;
const record = (threads: number): string => {
  const lines = [
    { schemaVersion: { major: 2, minor: 0 } },
    {
      testRunArtifact: {
        testRunStart: { name: "inventory", version: "1", commandLine: "", parameters: {}, dutInfo: { dutInfoId: "d" } },
      },
    },
    { testStepArtifact: { testStepId: "0", measurement: { name: "cpu.threads", value: threads } } },
    { testRunArtifact: { testRunEnd: { status: "COMPLETE", result: "PASS" } } },
  ];
  return lines
    .map((line, n) => `${JSON.stringify({ ...line, sequenceNumber: n, timestamp: "2026-01-01T00:00:00Z" })}\n`)
    .join("");
};

suite("crew vet evaluate, of kept evidence", () => {
  const files = {
    "kept/inventory-9-1/ocp.jsonl": record(4),
    "kept/inventory-10-1/ocp.jsonl": record(16),
    "mild.yaml": profile(8),
    "strict.yaml": profile(32),
  };

  test("judges the newest try by another profile, without a server", async (t) => {
    const mild = await evaluateIn(t, files, "./kept", "--profile", "mild.yaml");
    assert.equal(mild.exitCode, ExitCode.ok, mild.stdout + mild.stderr);
    assert.match(mild.stdout, /^verdict: pass, by profile again\n/);
    const strict = await evaluateIn(t, files, "./kept", "--profile", "strict.yaml", "-o", "json");
    assert.equal(strict.exitCode, ExitCode.unsuccessful);
    const result = JSON.parse(strict.stdout) as { verdict: string; stages: { reasons: string[] }[] };
    assert.equal(result.verdict, "fail");
    assert.deepEqual(result.stages[0]?.reasons, ["cpu.threads is 16; >= 32 is wanted"]);
  });

  test("a stage without evidence is an error; so is one that was stopped", async (t) => {
    const none = await evaluateIn(
      t,
      { "kept/smart-1/ocp.jsonl": "", "mild.yaml": profile(8) },
      "kept",
      "--profile",
      "mild.yaml",
    );
    assert.match(none.stdout, /inventory +error +there is no evidence of it/);
    const stopped = { ...files, "kept/inventory-10-1/outcome.json": '{"outcome":"canceled"}' };
    assert.match((await evaluateIn(t, stopped, "kept", "--profile", "mild.yaml")).stdout, /inventory +canceled/);
  });

  test("says what is missing: a profile, a folder of evidence, a built-in name", async (t) => {
    for (const [args, said] of [
      [["kept"], /--profile is missing/],
      [["kept", "--profile", "harsh"], /no built-in profile is called "harsh".*\n.*demo, quick, standard, soak/],
      [[".", "--profile", "mild.yaml"], /holds no evidence/],
      [["smart"], /the file of smart is missing/],
      [["gpus", "x"], /the kind is "gpus"/],
    ] as const) {
      const { exitCode, stderr } = await evaluateIn(t, files, ...args);
      assert.equal(exitCode, ExitCode.usage, stderr);
      assert.match(stderr, said);
    }
  });

  test("fetches a run's files first, checked", async (t) => {
    const content = Buffer.from(record(16));
    const sha256 = createHash("sha256").update(content).digest();
    const blob = {
      id: "3",
      name: "ocp.jsonl",
      sha256,
      stepRun: { workflowId: "12", epoch: "7", step: "inventory", try: 1 },
    };
    const run = create(VettingRunSchema, { id: "12", stages: [{ name: "inventory", evidence: [blob] }] });
    const answers = { data: content as Uint8Array };
    const server = await startFakeServer({
      getVettingRun: () => ({ run }),
      async *getVettingEvidence() {
        yield await Promise.resolve(answers);
      },
    });
    t.after(() => server.close(0));
    const cwd = await temporaryFolder(t);
    await writeFile(join(cwd, "mild.yaml"), profile(8));
    const crew = async () => {
      const io = { ...memoryIo({ env: { GROUNDCREW_URL: server.url, GROUNDCREW_TOKEN: FAKE_TOKEN } }), cwd };
      return { exitCode: await runCrew(["vet", "evaluate", "12", "--profile", "mild.yaml"], io), io };
    };
    const good = await crew();
    assert.equal(good.exitCode, ExitCode.ok, good.io.stderr.text());
    answers.data = Buffer.from("something else");
    const bad = await crew();
    assert.equal(bad.exitCode, ExitCode.failure);
    assert.match(bad.io.stderr.text(), /not the ocp\.jsonl that the server named/);
  });
});

suite("crew vet evaluate, of a corpus", () => {
  const sick = { ...NVME, smart_status: { passed: false } };
  const files = {
    "good.json": JSON.stringify(NVME),
    "sick.json": JSON.stringify(sick),
    "cut.json": JSON.stringify(NVME).slice(0, 40),
  };

  test("counts what was judged wrongly, and its exit code tells whether anything was", async (t) => {
    const labels =
      "file,kind,label,note\ngood.json,smart,pass\nsick.json,smart,fail,from rack 4\ncut.json,smart,error\n";
    const right = await evaluateIn(t, { ...files, "labels.csv": labels }, "--corpus", ".", "--labels", "labels.csv");
    assert.equal(right.exitCode, ExitCode.ok, right.stderr);
    assert.equal(right.stdout, "3 captures: right 3, false pass 0, false fail 0, unreadable 0\n");
    const others = "good.json,smart,fail\nsick.json,smart,pass\ncut.json,smart,pass\n";
    const wrong = await evaluateIn(t, { ...files, "labels.csv": others }, "--corpus", ".", "--labels", "labels.csv");
    assert.equal(wrong.exitCode, ExitCode.unsuccessful);
    assert.match(wrong.stdout, /3 captures: right 0, false pass 1, false fail 1, unreadable 1\n$/);
  });

  test("names the line and the value of a label that is none", async (t) => {
    for (const [line, said] of [
      ["good.json,smrt,pass", /labels\.csv:1: the kind is "smrt"/],
      ["good.json,smart,fine", /labels\.csv:1: the label is "fine"/],
      [",smart,pass", /labels\.csv:1: the file is missing/],
      ["lost.json,smart,pass", /lost\.json does not exist/],
    ] as const) {
      const { exitCode, stderr } = await evaluateIn(
        t,
        { ...files, "labels.csv": line },
        "--corpus",
        ".",
        "--labels",
        "labels.csv",
      );
      assert.equal(exitCode, ExitCode.usage);
      assert.match(stderr, said);
    }
  });
});
