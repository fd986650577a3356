import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite, test, type TestContext } from "node:test";
import { judgeStage, readOcp } from "@groundcrew/vetting";
import { firmware } from "./firmware.ts";
import { componentName } from "./firmware/components.ts";
import { runHere, stanza, standIns } from "./testing.ts";

const GATES = `
timeout: 1m
gates:
  - { metric: firmware.components, op: ">=", value: 1, severity: error }
  - { metric: firmware.not_allowed, op: "=", value: 0, optional: true }
  - { metric: firmware.listed_not_found, op: "=", value: 0, severity: error }
`;
const FILES = {
  "sys/class/dmi/id/bios_version": "2.19.1\n",
  "sys/class/nvme/nvme0/model": "ACME Drive  X1\n",
  "sys/class/nvme/nvme0/firmware_rev": "FW7\n",
  "sys/class/nvme/nvme0/serial": "S1\n",
};
const TOOLS = { ipmitool: 'echo "Firmware Revision         : 1.73"', fwupdmgr: "exit 2", ethtool: "exit 1" };

async function vet(t: TestContext, allow: Record<string, string[]>) {
  const folder = await mkdtemp(join(tmpdir(), "groundcrew-firmware-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(FILES)) {
    await mkdir(dirname(join(folder, "root", path)), { recursive: true });
    await writeFile(join(folder, "root", path), content);
  }
  process.env["GROUNDCREW_SYSTEM_ROOT"] = join(folder, "root");
  t.after(() => delete process.env["GROUNDCREW_SYSTEM_ROOT"]);
  standIns(t, TOOLS);
  const { ocp, said } = await runHere(firmware, { folder, parameters: { allow } });
  return { ...judgeStage(stanza("firmware", GATES), { outcome: "completed", ocp }), run: readOcp(ocp), said };
}

suite("firmware", () => {
  test("is listed; without a list of allowed versions that is not covered", async (t) => {
    const { verdict, gates, said } = await vet(t, {});
    assert.equal(verdict, "pass");
    assert.equal(gates.find(({ metric }) => metric === "firmware.not_allowed")?.verdict, "skip");
    assert.deepEqual(said.slice(0, 3), ["bios (bios): 2.19.1", "bmc (bmc): 1.73", "nvme.acme-drive-x1 (disk S1): FW7"]);
  });

  test("passes where every listed version is allowed", async (t) => {
    const { verdict } = await vet(t, { bios: ["2.18.0", "2.19.1"], "nvme.acme-drive-x1": ["FW7"] });
    assert.equal(verdict, "pass");
  });

  test("fails by the part whose version is not", async (t) => {
    const { verdict, reasons } = await vet(t, { bios: ["2.19.1"], "nvme.acme-drive-x1": ["FW8"] });
    assert.equal(verdict, "fail");
    assert.match(reasons.join(), /not_allowed of disk S1 is 1/);
  });

  test("a part that is listed and was not found could not be judged", async (t) => {
    assert.equal((await vet(t, { "nic.mlx5_core": ["16.35"] })).verdict, "error");
  });

  test("names are what an allow-list can hold", () => {
    assert.equal(componentName("nvme", " SAMSUNG MZ/1 (EVO) "), "nvme.samsung-mz-1-evo");
  });
});
