import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "fast-check";
import { driveTrouble, parseKernelMessages } from "./kmsg.ts";
import { parseMountInfo, parseSwaps } from "./mounts.ts";
import { parseWipefs } from "./wipefs.ts";

suite("what a machine uses its disks for", () => {
  test("mounts, with their devices and blanks in their names", () => {
    const text =
      "25 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n26 25 0:40 /@ /my\\040data rw - btrfs /dev/sdb rw\nnonsense\n";
    assert.deepEqual(parseMountInfo(text), [
      { at: "/", device: "8:2", source: "/dev/sda2" },
      { at: "/my data", device: "0:40", source: "/dev/sdb" },
    ]);
  });

  test("swaps, without the heading", () => {
    assert.deepEqual(
      parseSwaps("Filename Type Size Used Priority\n/dev/sda3  partition 1 0 -2\n/swap\\040file file\n"),
      ["/dev/sda3", "/swap file"],
    );
    assert.deepEqual(parseSwaps(""), []);
  });

  test("signatures, each once; nothing printed is none, and anything else is not known", () => {
    const signatures = [{ type: "gpt" }, { type: "gpt" }, { type: "ext4" }, { offset: "0x0" }];
    assert.deepEqual(parseWipefs(JSON.stringify({ signatures })), ["gpt", "ext4", "something unknown"]);
    assert.deepEqual(parseWipefs("\n"), []);
    for (const text of ["{}", "wipefs: error", '{"signatures": [{']) assert.equal(parseWipefs(text), undefined, text);
  });

  test("every parser takes any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const parse of [parseMountInfo, parseSwaps, parseWipefs, parseKernelMessages]) parse(text);
      }),
    );
  });
});

suite("the kernel's messages", () => {
  const record = (sequence: number, text: string) => `3,${sequence},1234,-;${text}\n SUBSYSTEM=block\n DEVICE=b8:0\n`;

  test("have a number and a text; their further lines are not read", () => {
    assert.deepEqual(parseKernelMessages(record(7, "a; b") + record(8, "c")), [
      { sequence: 7, text: "a; b" },
      { sequence: 8, text: "c" },
    ]);
  });

  const TROUBLE = [
    "I/O error, dev sda, sector 2048 op 0x0:(READ) flags 0x80700",
    "critical medium error, dev sda, sector 8 op 0x0:(READ)",
    "Buffer I/O error on dev sda1, logical block 0, async page read",
    "nvme nvme1: I/O 12 QID 3 timeout, aborting",
    "nvme nvme1: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10",
  ];
  for (const text of TROUBLE) {
    test(`tell of trouble: ${text}`, () => {
      const messages = parseKernelMessages(record(1, text));
      assert.equal(driveTrouble(messages, ["sda", "nvme1n1"]).length, 1);
      assert.equal(driveTrouble(messages, ["sdb", "nvme0n1"]).length, 0);
    });
  }

  test("of other matters are no trouble", () => {
    const texts = [
      "sd 0:0:0:0: [sda] Attached SCSI disk",
      "EXT4-fs (sda1): mounted filesystem",
      "loop3: detected capacity",
    ];
    assert.deepEqual(
      driveTrouble(
        texts.flatMap((text) => parseKernelMessages(record(1, text))),
        ["sda", "loop3"],
      ),
      [],
    );
  });
});
