import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { readBootId, readMachineIdentity } from "./machine-identity.ts";
import { realUuid, realValue } from "./placeholders.ts";

/** A folder with these files, as the kernel would show a machine. */
async function machine(t: TestContext, files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "machine-"));
  t.after(() => rm(root, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), `${content}\n`);
  }
  return root;
}

suite("a machine's identity", () => {
  test("is what SMBIOS and the network cards say, without placeholders", async (t) => {
    const sys = await machine(t, {
      "class/dmi/id/product_uuid": "4C4C4544-0042-3510-8052-B4C04F4A4232",
      "class/dmi/id/board_serial": "To Be Filled By O.E.M.",
      "class/dmi/id/sys_vendor": "Dell Inc.",
      "class/dmi/id/product_name": "PowerEdge R640",
      "class/dmi/id/product_serial": "B5RJB42",
      "class/net/lo/address": "00:00:00:00:00:00",
      "class/net/eno2/address": "B4:45:06:00:00:02",
      "class/net/eno2/device/vendor": "0x8086",
      "class/net/eno1/address": "aa:bb:cc:dd:ee:ff",
      "class/net/eno1/bonding_slave/perm_hwaddr": "b4:45:06:00:00:01",
      "class/net/eno1/device/vendor": "0x8086",
      "class/net/docker0/address": "02:42:00:00:00:01",
    });
    const { hostname, ...identity } = await readMachineIdentity({ sys });
    assert.notEqual(hostname, "");
    assert.deepEqual(identity, {
      systemUuid: "4c4c4544-0042-3510-8052-b4c04f4a4232",
      boardSerial: "",
      macs: ["b4:45:06:00:00:01", "b4:45:06:00:00:02"],
      vendor: "Dell Inc.",
      product: "PowerEdge R640",
      serial: "B5RJB42",
    });
  });

  test("falls back to virtual network cards, and is empty where nothing is known", async (t) => {
    const virtual = await machine(t, { "class/net/eth0/address": "02:42:ac:11:00:02" });
    assert.deepEqual((await readMachineIdentity({ sys: virtual })).macs, ["02:42:ac:11:00:02"]);
    const { hostname: _, ...nothing } = await readMachineIdentity({ sys: await machine(t, {}) });
    assert.deepEqual(new Set(Object.values(nothing).flat()), new Set([""]));
  });

  test("comes with the kernel's boot id", async (t) => {
    const proc = await machine(t, { "sys/kernel/random/boot_id": "0b4f1c9e-1111-2222-3333-444455556666" });
    assert.equal(await readBootId({ proc }), "0b4f1c9e-1111-2222-3333-444455556666");
  });
});

suite("a placeholder is no value", () => {
  for (const text of ["Not Specified", "To be filled by O.E.M.", "Default string", "0000000", "....", "  ", "N/A"]) {
    test(JSON.stringify(text), () => assert.equal(realValue(text), ""));
  }
  const uuids = ["00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"];
  for (const uuid of [...uuids, "03000200-0400-0500-0006-000700080009", "not a uuid"]) {
    test(uuid, () => assert.equal(realUuid(uuid), ""));
  }
});
