import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { judgeStage } from "../evaluate.ts";
import type { Inventory } from "../inventory.ts";
import { type DeclaredParts, compareSpec } from "./compare-spec.ts";
import { learnSpec } from "./learn-spec.ts";
import { parseSpec } from "./parse-spec.ts";
import { specRecord } from "./record.ts";
import type { Spec } from "./schema.ts";

/** A machine with two CPUs, four modules, two disks, two ports and a GPU. */
const MACHINE: Inventory = {
  cpu: { model: "ACME 9000", sockets: 2, cores: 32, threads: 64, microcode: "0x2b" },
  memory: { totalBytes: 134_000_000_000 },
  dimms: ["A1", "B1", "C1", "D1"].map((slot) => ({ locator: `DIMM_${slot}`, sizeBytes: 32 * 1024 ** 3, type: "DDR5" })),
  disks: [
    { name: "sda", sizeBytes: 960_197_124_096, model: "ACME SSD", serial: "S1", firmware: "F2", transport: "sata" },
    { name: "sdb", sizeBytes: 960_197_124_096, model: "ACME SSD", serial: "S2", firmware: "F2", transport: "sata" },
    { name: "sdc", sizeBytes: 16_000_000_000, model: "Stick", transport: "usb" },
  ],
  nics: [
    { name: "eth0", mac: "02:00:00:00:00:01", speedMbps: 25_000, driver: "mlx5_core", device: "0000:3b:00.0" },
    { name: "eth1", mac: "02:00:00:00:00:02", driver: "mlx5_core", device: "0000:3b:00.1" },
    { name: "bond0", mac: "02:00:00:00:00:01", speedMbps: 25_000 },
  ],
  pci: [
    {
      slot: "0000:3b:00.0",
      class: "Ethernet controller [0200]",
      vendor: "Mellanox [15b3]",
      device: "CX-5 [1017]",
      link: "8.0 GT/s PCIe x8",
    },
    {
      slot: "0000:65:00.0",
      class: "3D controller [0302]",
      vendor: "NVIDIA [10de]",
      device: "H200 [2335]",
      link: "32.0 GT/s PCIe x16",
    },
    {
      slot: "0000:03:00.0",
      class: "VGA compatible controller [0300]",
      vendor: "ASPEED [1a03]",
      device: "AST2600 [2000]",
    },
  ],
  dmi: { bios_version: "2.10.2" },
};

const SPEC = `
name: acme-9000
cpu: { model: ACME 9000, sockets: 2, threads: 64 }
memory:
  total: 128GiB
  dimms: [{ count: 4, size: 32GiB, type: DDR5 }]
  symmetric: true
disks: [{ count: 2, model: ACME SSD, size: 960GB, firmware: [F1, F2] }]
nics: [{ count: 1, speed: 25G }, { count: 1, driver: mlx5_core }]
pci: [{ device: CX-5, link: 8 GT/s x8 }]
gpus: [{ model: h200, link: x16 }]
firmware: { bios: [2.10.2], microcode: ["0x2b"], bmc: ["1.4"] }
`;

function specOf(content: string): Spec {
  const result = parseSpec({ path: "spec.yaml", content });
  assert.ok(result.ok, JSON.stringify(result));
  return result.spec;
}

/** `FIELD: WANTED | FOUND`, with `error` before those that could not be judged. */
function differences(inventory: Inventory, spec = SPEC, declared?: DeclaredParts): string[] {
  const compared = compareSpec(inventory, specOf(spec), declared);
  return compared.differences.map(({ field, wanted, found, verdict }) => {
    return `${verdict === "error" ? "error " : ""}${field}: ${wanted} | ${found}`;
  });
}

const without = (key: keyof Inventory): Inventory => ({ ...MACHINE, [key]: undefined });
const [sda, sdb] = MACHINE.disks ?? [];
const [eth0, eth1] = MACHINE.nics ?? [];
const [cx5, h200, bmc] = MACHINE.pci ?? [];
const [a1, b1, c1, d1] = MACHINE.dimms ?? [];
assert.ok(sda && sdb && eth0 && eth1 && cx5 && h200 && bmc && a1 && b1 && c1 && d1);

suite("a machine against its specification", () => {
  test("that is as wanted differs in nothing; what another stage compares is said", () => {
    assert.deepEqual(differences(MACHINE), []);
    assert.deepEqual(compareSpec(MACHINE, specOf(SPEC)).unseen, [
      { what: "firmware.bmc", why: "the stage firmware compares it" },
    ]);
  });

  const table: [string, Inventory, string[]][] = [
    ["another CPU", { ...MACHINE, cpu: { ...MACHINE.cpu, model: "ACME 8000" } }, ["cpu.model: ACME 9000 | ACME 8000"]],
    ["a missing CPU", { ...MACHINE, cpu: { ...MACHINE.cpu, sockets: 1 } }, ["cpu.sockets: 2 | 1"]],
    [
      "less memory than its tolerance allows",
      { ...MACHINE, memory: { totalBytes: 100 * 1024 ** 3 } },
      ["memory.total: 128GiB ± 10% | 107.4GB"],
    ],
    [
      "a module that is missing: its channel is empty, which is even enough",
      { ...MACHINE, dimms: [a1, b1, c1] },
      ["memory.dimms[0]: 4 × 32GiB DDR5 | 3 × 32GiB DDR5"],
    ],
    [
      "a wrong module, which also makes a channel uneven",
      { ...MACHINE, dimms: [a1, b1, c1, { ...d1, sizeBytes: 16 * 1024 ** 3 }] },
      [
        "memory.dimms[0]: 4 × 32GiB DDR5 | 3 × 32GiB DDR5",
        "memory.dimms: no others | DIMM_D1 (16GiB DDR5)",
        "memory.symmetric: every channel filled alike | DIMM_D has 16GiB, most have 32GiB",
      ],
    ],
    [
      "modules in the wrong slots",
      { ...MACHINE, dimms: [a1, b1, c1, { ...d1, locator: "DIMM_A2" }] },
      ["memory.symmetric: every channel filled alike | DIMM_A has 32GiB + 32GiB, most have 32GiB"],
    ],
    ["a missing disk", { ...MACHINE, disks: [sda] }, ["disks[0]: 2 × ACME SSD 960GB ± 1% | 1 × ACME SSD 960GB ± 1%"]],
    [
      "a disk too many",
      { ...MACHINE, disks: [sda, sdb, { name: "sdd", sizeBytes: 4e12, model: "Other", serial: "X" }] },
      ["disks: no others | sdd (Other, 4TB, serial X)"],
    ],
    [
      "a disk with other firmware",
      { ...MACHINE, disks: [sda, { ...sdb, firmware: "F0" }] },
      ["disks[0].firmware: one of F1, F2 | F0 on sdb (ACME SSD, 960.2GB, serial S2)"],
    ],
    [
      "a slow link",
      { ...MACHINE, nics: [{ ...eth0, speedMbps: 10_000 }, eth1] },
      ["nics[0]: 1 × 25G | 0 × 25G", "nics[1]: 1 × any speed mlx5_core | 2 × any speed mlx5_core"],
    ],
    [
      "a narrow PCIe link",
      { ...MACHINE, pci: [{ ...cx5, link: "8.0 GT/s PCIe x4" }, h200] },
      ["pci[0].link: 8 GT/s x8 at 0000:3b:00.0 | 8 GT/s x4"],
    ],
    ["a GPU that is not there", { ...MACHINE, pci: [cx5, bmc] }, ["gpus[0]: 1 × h200 | 0 × h200"]],
    [
      "firmware that is not allowed",
      { ...MACHINE, dmi: { bios_version: "1.0" } },
      ["firmware.bios: one of 2.10.2 | 1.0"],
    ],
    [
      "modules that cannot be seen",
      without("dimms"),
      [
        "error memory.dimms: 4 × 32GiB DDR5 | not told by the inventory",
        "error memory.symmetric: every channel filled alike | not told by the inventory",
      ],
    ],
    [
      "no CPU to see",
      without("cpu"),
      [
        "error cpu.model: ACME 9000 | not told by the inventory",
        "error cpu.sockets: 2 | not told by the inventory",
        "error cpu.threads: 64 | not told by the inventory",
        "error firmware.microcode: one of 0x2b | not told by the inventory",
      ],
    ],
  ];
  for (const [what, inventory, wanted] of table) {
    test(`with ${what}`, () => assert.deepEqual(differences(inventory), wanted));
  }

  test("is told when the slots' names do not tell the channels apart", () => {
    const dimms = [1, 2].map((n) => ({ ...a1, locator: `DIMM ${n}` }));
    const { differences, unseen } = compareSpec({ dimms }, specOf("name: x\nmemory: { symmetric: true }"));
    assert.deepEqual([differences, unseen.map(({ what }) => what)], [[], ["memory.symmetric"]]);
  });

  test("has the disks and addresses that were declared of it: the same serials, at least those addresses", () => {
    const spec = "name: x";
    const declared = { macs: ["02:00:00:00:00:01"], diskSerials: ["S2", "S1"] };
    assert.deepEqual(differences(MACHINE, spec, declared), []);
    assert.deepEqual(differences(MACHINE, spec, { macs: ["02:00:00:00:00:09"], diskSerials: ["S1", "S3"] }), [
      "declared.disk_serials: S3 | no disk with this serial",
      "declared.disk_serials: no others | sdb (ACME SSD, 960.2GB, serial S2)",
      "declared.macs: 02:00:00:00:00:09 | no interface with this address",
    ]);
  });

  test("counts each disk once, for the entry that asks for most", () => {
    const spec = "name: x\ndisks: [{ count: 1, size: 960GB }, { serial: S1 }]";
    assert.deepEqual(differences(MACHINE, spec), []);
    assert.match(
      differences(MACHINE, "name: x\ndisks: [{ serial: S9 }, { size: 960GB }]").join(),
      /0 × serial S9.*2 × 960GB/,
    );
  });
});

suite("the record of a comparison", () => {
  const profile = {
    name: "spec_validate",
    required: true,
    gates: [{ metric: "spec.differences", op: "=", value: 0, severity: "fail", optional: false }],
  } as const;
  const judge = (record: Partial<Parameters<typeof specRecord>[0]>) => {
    const ocp = specRecord({ version: "1", machine: "m", now: () => new Date(0), ...record });
    return judgeStage({ ...profile, gates: [...profile.gates] }, { outcome: "completed", ocp });
  };

  test("passes a machine as wanted", () => {
    const result = judge({ spec: "s", comparison: compareSpec(MACHINE, specOf(SPEC)) });
    assert.deepEqual([result.verdict, result.reasons], ["pass", []]);
  });

  test("fails one that is not, naming field, wanted and found", () => {
    const comparison = compareSpec({ ...MACHINE, disks: [sda] }, specOf(SPEC));
    const { verdict, reasons } = judge({ spec: "s", comparison });
    assert.equal(verdict, "fail");
    assert.match(reasons.join("\n"), /disks\[0\]: 2 × ACME SSD 960GB ± 1% is wanted, found: 1 × ACME SSD/);
  });

  test("is an error where something cannot be seen, and where there is nothing to compare", () => {
    assert.equal(judge({ spec: "s", comparison: compareSpec(without("dimms"), specOf(SPEC)) }).verdict, "error");
    const { verdict, reasons } = judge({ fault: "the run has no specification" });
    assert.deepEqual([verdict, reasons[0]], ["error", "not compared: the run has no specification"]);
  });
});

suite("a specification that was learned", () => {
  test("of a good machine is short, leaves out serials, and wants what the machine has", () => {
    const learned = learnSpec(MACHINE, { name: "ACME 9000 (rack 4)" });
    assert.match(learned, /^name: acme-9000-rack-4-/);
    assert.doesNotMatch(learned, /S1|02:00/);
    assert.deepEqual(differences(MACHINE, learned), []);
    assert.notDeepEqual(differences({ ...MACHINE, disks: [sda] }, learned), []);
  });

  const word = fc.oneof(fc.string({ maxLength: 300 }), fc.constantFrom("yes", "1.10", "~", "- a: {", "0x1F", "[15b3]"));
  const count = fc.integer({ min: 0, max: 4096 });
  const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const inventories: fc.Arbitrary<Inventory> = fc.record({
    cpu: some(fc.record({ model: some(word), sockets: some(count), threads: some(count), microcode: some(word) })),
    memory: some(fc.record({ totalBytes: fc.integer({ min: 0, max: 2 ** 45 }) })),
    dimms: some(
      fc.array(fc.record({ locator: some(word), sizeBytes: fc.integer({ min: 1, max: 2 ** 40 }), type: some(word) })),
    ),
    disks: some(
      fc.array(
        fc.record({
          name: word,
          sizeBytes: fc.integer({ min: 1, max: 2 ** 50 }),
          model: some(word),
          rotational: some(fc.boolean()),
        }),
      ),
    ),
    nics: some(
      fc.array(
        fc.record({
          name: word,
          speedMbps: some(fc.integer({ min: 0, max: 2 ** 40 })),
          driver: some(word),
          device: some(word),
        }),
      ),
    ),
    dmi: some(fc.record({ bios_version: word })),
  });

  test("is one that can be read, and with which its machine agrees, whatever the machine", () => {
    fc.assert(
      fc.property(inventories, word, (inventory, name) => {
        const learned = learnSpec(inventory, { name });
        assert.deepEqual(differences(inventory, learned), [], learned);
      }),
    );
  });
});
