import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite, test, type TestContext } from "node:test";
import { judgeStage, readOcp } from "@groundcrew/vetting";
import { gpu } from "./gpu.ts";
import { runHere, stanza, standIns } from "./testing.ts";

const GATES = `
timeout: 5m
parameters: { expect: EXPECT }
gates:
  - { metric: gpu.count, op: ">=", value: 1 }
  - { metric: gpu.missing, op: "=", value: 0, optional: true }
  - { metric: gpu.unseen, op: "=", value: 0, severity: error, optional: true }
  - { metric: gpu.ecc_uncorrected_volatile, op: "=", value: 0, optional: true }
  - { metric: gpu.remap_pending, op: "=", value: 0, optional: true }
  - { metric: gpu.diag_failed, op: "=", value: 0, optional: true }
  - { metric: gpu.diag_not_set_up, op: "=", value: 0, optional: true, severity: error }
`;

const xml = (uncorrected: number) => `<?xml version="1.0" ?>
<nvidia_smi_log><attached_gpus>1</attached_gpus><gpu id="00000000:41:00.0"><uuid>GPU-7</uuid>
<ecc_errors><volatile><dram_correctable>0</dram_correctable><dram_uncorrectable>${uncorrected}</dram_uncorrectable></volatile></ecc_errors>
<remapped_rows><remapped_row_pending>No</remapped_row_pending></remapped_rows></gpu></nvidia_smi_log>
`;
const print = (text: string) => `cat <<'END'\n${text}END`;
const diag = (status: string, category = 10) =>
  print(
    `${JSON.stringify({ "DCGM Diagnostic": { test_categories: [{ category: "Hardware", tests: [{ name: "memory", results: [{ status: "Pass" }, { status, warnings: status === "Fail" ? [{ warning: "it", error_category: category }] : [] }] }] }] } })}\n`,
  );

/** Runs the stage on a machine with so many GPUs on its bus, and these tools. */
async function vet(t: TestContext, options: { onBus: number; expect?: string; tools?: Record<string, string> }) {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-gpu-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (let n = 0; n < options.onBus; n += 1) {
    const device = join(folder, `root/sys/bus/pci/devices/0000:4${n}:00.0`);
    await mkdir(device, { recursive: true });
    await writeFile(join(device, "vendor"), "0x10de\n");
    await writeFile(join(device, "class"), "0x030200\n");
  }
  process.env["GROUNDCREW_SYSTEM_ROOT"] = join(folder, "root");
  t.after(() => delete process.env["GROUNDCREW_SYSTEM_ROOT"]);
  standIns(t, options.tools ?? {});
  const parameters = {
    expect: /^\d+$/.test(options.expect ?? "") ? Number(options.expect) : (options.expect ?? "any"),
  };
  const { ocp, error } = await runHere(gpu, { folder, parameters });
  assert.equal(error, undefined);
  const profile = stanza("gpu", GATES.replace("EXPECT", String(parameters.expect)));
  return { ...judgeStage(profile, { outcome: "completed", ocp }), run: readOcp(ocp) };
}

suite("GPUs", () => {
  test("sound ones pass, with the diagnostic and without", async (t) => {
    const tools = { "nvidia-smi": print(xml(0)) };
    assert.equal((await vet(t, { onBus: 1, tools })).verdict, "pass");
    const { verdict, run } = await vet(t, { onBus: 1, tools: { ...tools, dcgmi: diag("Pass") } });
    assert.equal(verdict, "pass");
    assert.deepEqual(
      run.files.map(({ uri }) => uri),
      ["nvidia-smi-before.xml", "dcgmi-diag.json", "nvidia-smi-after.xml"],
    );
  });

  test("one that lost data fails, by its name; so does one that the diagnostic fails", async (t) => {
    const lost = await vet(t, { onBus: 1, tools: { "nvidia-smi": print(xml(3)) } });
    assert.equal(lost.verdict, "fail");
    assert.match(lost.reasons.join(), /ecc_uncorrected_volatile of gpu GPU-7 is 3/);
    const sick = await vet(t, { onBus: 1, tools: { "nvidia-smi": print(xml(0)), dcgmi: diag("Fail") } });
    assert.equal(sick.verdict, "fail");
  });

  test("a diagnostic that was not set up says nothing about the GPU", async (t) => {
    const { verdict } = await vet(t, { onBus: 1, tools: { "nvidia-smi": print(xml(0)), dcgmi: diag("Fail", 3) } });
    assert.equal(verdict, "error");
  });

  test("none is a skip where the profile expects none, and a fail where it expects some", async (t) => {
    const none = await vet(t, { onBus: 0, expect: "none" });
    assert.equal(none.verdict, "skip");
    assert.match(none.reasons.join(), /none is expected, and none is there/);
    assert.equal((await vet(t, { onBus: 0, expect: "2" })).verdict, "fail");
    assert.equal((await vet(t, { onBus: 0 })).verdict, "fail");
  });

  test("one on the bus that nothing tells of is an error, also where none is expected", async (t) => {
    assert.equal((await vet(t, { onBus: 1, expect: "none", tools: { "nvidia-smi": "exit 9" } })).verdict, "error");
    const { verdict } = await vet(t, { onBus: 2, tools: { "nvidia-smi": print(xml(0)) } });
    assert.equal(verdict, "error");
  });

  test("output that is cut off is an error", async (t) => {
    const { verdict } = await vet(t, { onBus: 1, tools: { "nvidia-smi": print(`${xml(0).slice(0, 200)}\n`) } });
    assert.equal(verdict, "error");
  });
});
