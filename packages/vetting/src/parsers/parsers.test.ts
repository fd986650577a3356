import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { parseMemoryDevices } from "./dmidecode.ts";
import { parseIpLink } from "./ip-link.ts";
import { parseLsblk } from "./lsblk.ts";
import { countList, parseLscpu } from "./lscpu.ts";
import { parseLspci } from "./lspci.ts";
import { busyShare, parseCpuTime, parseMachineChecks, parseMemTotal, parseMicrocode } from "./proc.ts";
import { parseStressNgLog, parseStressNgYaml } from "./stress-ng.ts";

const field = (field: string, data: string | null, children?: unknown[]) => ({ field, data, children });

suite("lscpu", () => {
  test("counts sockets, cores and the threads that are online", () => {
    const lscpu = [
      field("Architecture:", "x86_64"),
      field("CPU(s):", "8"),
      field("On-line CPU(s) list:", "0-3,6"),
      field("Core(s) per socket:", "2"),
      field("Socket(s):", "2"),
      field("Model name:", "Example CPU"),
    ];
    assert.deepEqual(parseLscpu(JSON.stringify({ lscpu })), {
      architecture: "x86_64",
      model: "Example CPU",
      sockets: 2,
      cores: 4,
      threads: 5,
    });
  });

  test("reads nested fields, as newer versions write them", () => {
    const model = field("Model name:", "Example CPU", [field("Socket(s):", "1"), field("Core(s) per socket:", "4")]);
    const lscpu = [
      field("CPU(s):", "4", [field("On-line CPU(s) list:", "0-3")]),
      field("Vendor ID:", "Maker", [model]),
    ];
    const cpu = parseLscpu(JSON.stringify({ lscpu }));
    assert.deepEqual([cpu?.vendor, cpu?.cores, cpu?.threads], ["Maker", 4, 4]);
  });

  test("leaves out what an ARM machine does not tell", () => {
    const lscpu = [field("CPU(s):", "4"), field("Socket(s):", "-"), field("Core(s) per cluster:", "4")];
    assert.deepEqual(parseLscpu(JSON.stringify({ lscpu })), { threads: 4 });
  });

  for (const text of ["", "{}", "[]", "null", '{"lscpu":7}', '{"lscpu":[null,1]}']) {
    test(`is undefined for ${JSON.stringify(text)}`, () => assert.equal(parseLscpu(text), undefined));
  }

  const lists: [string, number | undefined][] = [
    ["0", 1],
    ["0-3", 4],
    ["0,2,4-5", 4],
    ["", undefined],
    ["3-0", undefined],
    ["0-", undefined],
    ["a", undefined],
  ];
  for (const [list, count] of lists) {
    test(`the list "${list}" names ${count ?? "nothing"}`, () => assert.equal(countList(list), count));
  }
});

suite("lsblk", () => {
  test("tells drives from what only looks like one", () => {
    const blockdevices = [
      {
        name: "sda",
        type: "disk",
        size: 1000,
        rota: true,
        tran: "sata",
        serial: " S1 ",
        model: "M",
        rev: "F1",
        wwn: null,
      },
      { name: "nvme0n1", type: "disk", size: "2000", rota: "0" },
      { name: "sr0", type: "rom", size: 5 },
      { name: "loop0", type: "loop", size: 5 },
      { name: "zram0", type: "disk", size: 5 },
      { name: "nbd0", type: "disk", size: 5 },
      { name: "sdb", type: "disk", size: 0 },
    ];
    assert.deepEqual(parseLsblk(JSON.stringify({ blockdevices })), [
      { name: "sda", sizeBytes: 1000, rotational: true, transport: "sata", serial: "S1", model: "M", firmware: "F1" },
      { name: "nvme0n1", sizeBytes: 2000, rotational: false },
    ]);
  });

  test("an empty list is a list; anything else is undefined", () => {
    assert.deepEqual(parseLsblk('{"blockdevices":[]}'), []);
    for (const text of ["", "[]", "{}", '{"blockdevices":{}}']) assert.equal(parseLsblk(text), undefined);
  });
});

suite("ip link", () => {
  test("tells the permanent address where there is one", () => {
    const text = '[{"ifname":"lo"},{"ifname":"eth0","address":"02:00:00:00:00:01","permaddr":"02:00:00:00:00:02"},{}]';
    assert.deepEqual(parseIpLink(text), [{ name: "lo" }, { name: "eth0", permanentMac: "02:00:00:00:00:02" }]);
    assert.equal(parseIpLink("{}"), undefined);
  });
});

suite("lspci", () => {
  test("reads a block for each device, and leaves out what has no slot", () => {
    const text = [
      "Slot:\t0000:01:00.0\nClass:\tEthernet controller [0200]\nVendor:\tMaker [1234]\nDevice:\tCard: fast [5678]",
      "Driver:\tcard\nModule:\tcard\n\nSlot:\t0000:02:00.0\nClass:\tBridge [0604]\n\nVendor:\tNobody\n",
    ].join("\n");
    assert.deepEqual(parseLspci(text), [
      {
        slot: "0000:01:00.0",
        class: "Ethernet controller [0200]",
        vendor: "Maker [1234]",
        device: "Card: fast [5678]",
        driver: "card",
      },
      { slot: "0000:02:00.0", class: "Bridge [0604]", vendor: "", device: "" },
    ]);
  });
});

const device = (lines: string[]) => ["Handle 0x0011, DMI type 17, 84 bytes", "Memory Device", ...lines].join("\n\t");

suite("dmidecode", () => {
  test("tells modules from empty slots, and values from placeholders", () => {
    const text = [
      "# dmidecode 3.4\n",
      device([
        "Size: 16 GB",
        "Locator: A1",
        "Type: DDR5",
        "Speed: 5600 MT/s",
        "Serial Number: 0AB1",
        "Part Number: Unknown",
      ]),
      device(["Size: No Module Installed", "Locator: A2"]),
      device([
        "Size: 8192 MB",
        "Locator: B1",
        "Speed: 5600 MT/s",
        "Configured Memory Speed: 4800 MT/s",
        "Serial Number: Not Specified",
      ]),
    ]
      .join("\n\n")
      .replaceAll("\tMemory Device", "Memory Device");
    assert.deepEqual(parseMemoryDevices(text), {
      dimms: [
        { sizeBytes: 16 * 1024 ** 3, locator: "A1", type: "DDR5", speed: "5600 MT/s", serial: "0AB1" },
        { sizeBytes: 8 * 1024 ** 3, locator: "B1", speed: "4800 MT/s" },
      ],
      emptySlots: 1,
    });
  });

  test("is undefined without memory devices: no SMBIOS does not mean no memory", () => {
    assert.equal(parseMemoryDevices("# dmidecode 3.4\nScanning /dev/mem for entry point.\n"), undefined);
  });
});

suite("/proc", () => {
  test("meminfo", () => {
    assert.equal(parseMemTotal("MemTotal:       2048 kB\nMemFree: 1 kB\n"), 2_097_152);
    assert.equal(parseMemTotal("MemFree: 1 kB"), undefined);
  });

  test("cpuinfo", () => {
    assert.equal(parseMicrocode("processor\t: 0\nmicrocode\t: 0x2b\n"), "0x2b");
    assert.equal(parseMicrocode("processor\t: 0\n"), undefined);
  });

  test("stat: idle, waiting and stolen time is not busy", () => {
    const before = parseCpuTime("cpu  10 0 10 100 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
    const after = parseCpuTime("cpu  40 5 20 110 20 3 2 20 9 9\n");
    assert.deepEqual(before, { busy: 20, total: 120 });
    assert.deepEqual(after, { busy: 70, total: 220 });
    assert.ok(before !== undefined && after !== undefined);
    assert.equal(busyShare(before, after), 0.5);
    assert.equal(busyShare(after, after), undefined);
    assert.equal(parseCpuTime("intr 5\n"), undefined);
  });

  test("interrupts: machine checks over all CPUs", () => {
    const text =
      "           CPU0       CPU1\n NMI:          5          5   Non-maskable\n MCE:          1          2   Machine check exceptions\n";
    assert.equal(parseMachineChecks(text), 3);
    assert.equal(parseMachineChecks(" NMI: 5 5\n"), undefined);
  });
});

const yaml = (wallClock: string) => `---
system-info:
      stress-ng-version: 0.20
      cpus-online: 4

metrics:
    - stressor: cpu
      bogo-ops: 1000
      bogo-ops-per-second-real-time: 250.5
      wall-clock-time: ${wallClock}
...
`;

suite("stress-ng", () => {
  test("metrics, and the version as it was written", () => {
    assert.deepEqual(parseStressNgYaml(yaml("4.01")), {
      version: "0.20",
      cpusOnline: 4,
      bogoOps: 1000,
      bogoOpsPerSecond: 250.5,
      wallClockSeconds: 4.01,
    });
  });

  for (const text of ["", "metrics:", "metrics: []", "metrics: [{ stressor: vm }]", "[", yaml(".nan"), yaml("-1")]) {
    test(`no metrics in ${JSON.stringify(text.slice(0, 30))}`, () => {
      assert.equal(parseStressNgYaml(text), undefined);
    });
  }

  test("standard error: how many were started, and what failed", () => {
    const text = [
      "stress-ng: info:  [10] setting to a 4 second run per stressor",
      "stress-ng: info:  [10] dispatching hogs: 4 cpu",
      "stress-ng: fail:  [11] cpu: fft error detected, failed checksum",
      "stress-ng: warn:  [10] something else",
      "stress-ng: fail:  [12] cpu: gray code error detected",
    ].join("\n");
    assert.deepEqual(parseStressNgLog(text), {
      instances: 4,
      failures: ["cpu: fft error detected, failed checksum", "cpu: gray code error detected"],
    });
  });

  test("standard error of a run that did not begin", () => {
    assert.deepEqual(parseStressNgLog("stress-ng: error: [10] no such method\n"), { failures: [] });
  });
});

suite("every parser", () => {
  const parsers = [
    parseLscpu,
    parseLsblk,
    parseIpLink,
    parseLspci,
    parseMemoryDevices,
    parseMemTotal,
    parseMicrocode,
    parseCpuTime,
    parseMachineChecks,
    parseStressNgYaml,
    parseStressNgLog,
    countList,
  ];
  const wrapped = fc
    .constantFrom("lscpu", "blockdevices", "metrics", "field")
    .chain((key) => fc.jsonValue().map((value) => JSON.stringify({ [key]: [value] })));
  const bytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
  const text = fc.oneof(fc.string({ unit: "binary" }), bytes, fc.json(), wrapped);

  for (const parse of parsers) {
    test(`${parse.name} takes any text without throwing`, () => {
      fc.assert(fc.property(text, (text) => void parse(text)));
    });
  }

  test("takes JSON nested a hundred thousand deep", () => {
    const deep = `{"lscpu":${'[{"children":'.repeat(100_000)}[]${"}]".repeat(100_000)}}`;
    assert.equal(parseLscpu(deep), undefined);
  });
});
