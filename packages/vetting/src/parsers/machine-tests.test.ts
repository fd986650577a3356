import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { edacGrowth, type EdacCount } from "./edac.ts";
import { parseGpuSensors } from "./nvidia-smi-sensors.ts";
import {
  parseNvmeSelfTest,
  parseNvmeSelfTestSupport,
  parseSmartSelfTest,
  parseSmartSelfTestSupport,
  type SelfTestReading,
} from "./self-test.ts";
import { parseSmartScan } from "./smart-scan.ts";
import { parseStressapptest } from "./stressapptest.ts";

const READERS = {
  edacGrowth: (text: string) => edacGrowth([{ controller: text, label: text, location: text, corrected: 1 }], []),
  parseGpuSensors,
  parseNvmeSelfTest,
  parseNvmeSelfTestSupport,
  parseSmartScan,
  parseSmartSelfTest,
  parseSmartSelfTestSupport,
  parseStressapptest,
};

for (const [name, read] of Object.entries(READERS)) {
  test(`${name} takes any text, JSON or not, and never throws`, () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void read(text)));
  });
}

suite("a drive's self-test", () => {
  const ata = (value: number) => ({ ata_smart_data: { self_test: { status: { value, string: "words" } } } });
  const nvme = (operation: number, result?: number) => ({
    nvme_self_test_log: {
      current_self_test_operation: { value: operation },
      current_self_test_completion_percent: 30,
      ...(result !== undefined && { table: [{ self_test_result: { value: result, string: "words" } }] }),
    },
  });
  const scsi = (value: number) => ({ scsi_self_test_0: { result: { value, string: "words" } } });
  const table: [what: string, document: object, says: string][] = [
    ["ATA, passed or never run", ata(0), "passed"],
    ["ATA, aborted by a command", ata(0x10), "stopped"],
    ["ATA, interrupted by a reset", ata(0x20), "stopped"],
    ["ATA, could not complete", ata(0x30), "failed"],
    ["ATA, could not read", ata(0x70), "failed"],
    ["ATA, handling damage", ata(0x80), "failed"],
    ["ATA, reserved", ata(0x90), "stopped"],
    ["ATA, 30 % left", ata(0xf3), "running 70"],
    ["NVMe, short, running", nvme(1), "running 30"],
    ["NVMe, passed", nvme(0, 0), "passed"],
    ["NVMe, aborted", nvme(0, 1), "stopped"],
    ["NVMe, fatal error", nvme(0, 5), "failed"],
    ["NVMe, a segment failed", nvme(0, 7), "failed"],
    ["NVMe, never run", nvme(0), "nothing"],
    ["NVMe, an unused entry", nvme(0, 15), "nothing"],
    ["SCSI, passed", scsi(0), "passed"],
    ["SCSI, aborted", scsi(1), "stopped"],
    ["SCSI, a segment failed", scsi(4), "failed"],
    ["SCSI, running", scsi(15), "running ?"],
    ["SCSI, never run", { device: { protocol: "SCSI" } }, "nothing"],
    ["a drive without any", { device: { protocol: "ATA" } }, "unknown"],
  ];
  for (const [what, document, says] of table) {
    test(`${what}: ${says}`, () => assert.equal(summary(parseSmartSelfTest(JSON.stringify(document))), says));
  }

  function summary(reading: SelfTestReading | undefined): string {
    if (reading === undefined) return "unknown";
    if (reading.running !== undefined) return `running ${reading.running.donePercent ?? "?"}`;
    return reading.newest?.outcome ?? "nothing";
  }

  test("nvme-cli tells the same, and a drive that offers none by bit 4 of its OACS", () => {
    const log = (operation: number, results: number[]) =>
      JSON.stringify({
        "Current Device Self-Test Operation": operation,
        "Current Device Self-Test Completion": 55,
        "List of Valid Reports": results.map((result) => ({ "Self test result": result })),
      });
    assert.equal(summary(parseNvmeSelfTest(log(2, [15]))), "running 55");
    assert.equal(summary(parseNvmeSelfTest(log(0, [7, 0]))), "failed");
    assert.equal(summary(parseNvmeSelfTest(log(0, [15]))), "nothing");
    assert.equal(parseNvmeSelfTestSupport('{"oacs":16,"edstt":70}').minutes.long, 70);
    assert.equal(parseNvmeSelfTestSupport('{"oacs":16}').supported, true);
    assert.equal(parseNvmeSelfTestSupport('{"oacs":15}').supported, false);
    assert.equal(parseNvmeSelfTestSupport("").supported, undefined);
  });
});

suite("smartctl's scan", () => {
  test("tells drives, and what it could not open", () => {
    const document = {
      smartctl: { version: [7, 4] },
      devices: [
        { name: "/dev/sda", type: "sat", protocol: "ATA" },
        { name: "/dev/bus/0", type: "megaraid,3", protocol: "SCSI" },
        { name: "/dev/sdb", type: "scsi", open_error: "No such device" },
        { name: "--device" },
      ],
    };
    assert.deepEqual(parseSmartScan(JSON.stringify(document)), {
      version: 7.4,
      drives: [
        { path: "/dev/sda", type: "sat", protocol: "ATA" },
        { path: "/dev/bus/0", type: "megaraid,3", protocol: "SCSI" },
      ],
      closed: [{ path: "/dev/sdb", why: "No such device" }],
    });
    assert.deepEqual(parseSmartScan('{"smartctl":{}}'), { drives: [], closed: [] });
    assert.equal(parseSmartScan("{}"), undefined);
  });
});

suite("stressapptest's log", () => {
  const starting = "Stats: Starting SAT, 512M, 60 seconds";
  const completed = (incidents: number, errors: number) =>
    `Stats: Completed: 900.00M in 60.03s 15.00MB/s, with ${incidents} hardware incidents, ${errors} errors`;

  test("tells what ran, how long and how fast", () => {
    const log = `Stats: SAT revision 1.0.9, 64 bit binary\n${starting}\n${completed(0, 0)}\n\nStatus: PASS`;
    assert.deepEqual(parseStressapptest(log), {
      version: "1.0.9",
      mebibytes: 512,
      requestedSeconds: 60,
      ranSeconds: 60.03,
      mebibytesPerSecond: 15,
      incidents: 0,
      details: [],
      troubles: [],
    });
  });

  test("counts wrong data by its lines too, and keeps the program's own errors apart", () => {
    const wrong =
      "Hardware Error: miscompare on CPU 1(0x2) at 0x7f(0xb6:DIMM Unknown): read:0x1, reread:0x1 expected:0x0";
    assert.equal(parseStressapptest(`${starting}\n${wrong}\n${wrong}`).incidents, 2);
    assert.equal(parseStressapptest(`${starting}\n${wrong}\n${completed(3, 0)}`).incidents, 3);
    const broken = parseStressapptest(`Process Error: failed to allocate memory\n${completed(0, 1)}`);
    assert.deepEqual([broken.incidents, broken.troubles.length], [0, 2]);
  });

  test("cut off anywhere before its sum, it tells no result", () => {
    const log = `${starting}\nLog: Region mask: 0x1\n${completed(0, 0)}\n`;
    fc.assert(
      fc.property(fc.nat(log.length - 2), (length) =>
        assert.equal(parseStressapptest(log.slice(0, length)).ranSeconds, undefined),
      ),
    );
  });
});

suite("memory errors by module", () => {
  const count = (label: string, corrected: number, uncorrected = 0, location = ""): EdacCount => ({
    controller: "mc0",
    label,
    location,
    corrected,
    uncorrected,
  });
  const dimms = [
    { sizeBytes: 1, locator: "DIMM_A1", bank: "P0" },
    { sizeBytes: 1, locator: "DIMM 0", bank: "CHANNEL A" },
    { sizeBytes: 1, locator: "DIMM 0", bank: "CHANNEL B" },
  ];

  test("are named by the slot where the kernel's label is one, by the label where not, and by the place without one", () => {
    const table: [label: string, location: string, part: string][] = [
      ["dimm_a1", "", "dimm DIMM_A1"],
      ["P0_DIMM_A1", "", "dimm DIMM_A1"],
      ["CPU_SrcID#0_MC#0_Chan#0_DIMM#0", "", "dimm CPU_SrcID#0_MC#0_Chan#0_DIMM#0"],
      ["DIMM 0", "", "dimm DIMM 0"],
      ["", "channel 0 slot 1", "dimm mc0 channel 0 slot 1"],
    ];
    for (const [label, location, part] of table) {
      const [grown] = edacGrowth([count(label, 1, 0, location)], [count(label, 3, 1, location)], dimms);
      assert.deepEqual(grown, { part, corrected: 2, uncorrected: 1 });
    }
  });

  test("of a module's ranks are added up; a counter that starts again counts from 0; one that is new is left out", () => {
    const before = [count("A", 5, 0, "rank 0"), count("A", 1, 0, "rank 1")];
    const after = [count("A", 6, 0, "rank 0"), count("A", 0, 2, "rank 1"), count("B", 9)];
    assert.deepEqual(edacGrowth(before, after), [{ part: "dimm A", corrected: 1, uncorrected: 2 }]);
  });
});

suite("a GPU's sensors", () => {
  const uuid = "GPU-1b2c3d4e-0000-1111-2222-333344445555";
  test("are told in plain units, and what it does not have is absent", () => {
    const told = parseGpuSensors(`${uuid}, 41, [N/A], 72.50, 1980`);
    assert.deepEqual(
      told.map(({ kind, key, value, unit }) => [kind, key.replace(uuid, "U"), value, unit]),
      [
        ["temperature", "gpu/U/core", 41, "celsius"],
        ["power", "gpu/U/board", 72.5, "watt"],
        ["frequency", "gpu/U/sm", 1_980_000_000, "hertz"],
      ],
    );
    assert.deepEqual(parseGpuSensors("No devices were found"), []);
  });
});
