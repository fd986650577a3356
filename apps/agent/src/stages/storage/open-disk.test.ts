import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, openSync, closeSync, symlinkSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, suite, test } from "node:test";
import type { DestructionRequest } from "@groundcrew/vetting";
import { drives } from "./block-devices.ts";
import { openToDestroy } from "./open-disk.ts";
import { noLoopDevices, PlayedMachine, type PlayedDrive } from "./testing.ts";

const skip = noLoopDevices();
const { signal } = new AbortController();

/** What each signature's first bytes are, by the format's own documentation, and where they stand. */
const SIGNATURES: { type: string; at: number; bytes: Buffer }[] = [
  { type: "crypto_LUKS", at: 0, bytes: Buffer.from("4c554b53babe0001", "hex") },
  { type: "LVM2_member", at: 512, bytes: lvmLabel() },
  { type: "swap", at: 1024, bytes: swapHeader() },
  { type: "linux_raid_member", at: 4096, bytes: raidSuperblock() },
  { type: "dos", at: 510, bytes: Buffer.from([0x55, 0xaa]) },
];

// A kernel's file system on a real device is what the gates must see; only what makes a loop device a drive is played.
suite("a disk whose data shall be destroyed", { skip }, () => {
  let machine: PlayedMachine;
  let disk: PlayedDrive;
  let twin: PlayedDrive;
  const undo: (() => void)[] = [];

  before(() => {
    machine = new PlayedMachine({ after: (clean) => void undo.push(clean as () => void) });
    disk = machine.addDrive("sdx", { serial: "S1", wwn: "naa.1" });
    twin = machine.addDrive("sdy", { serial: "S2", wwn: "naa.2" });
    process.env["GROUNDCREW_SYSTEM_ROOT"] = machine.root;
  });
  after(() => {
    delete process.env["GROUNDCREW_SYSTEM_ROOT"];
    for (const clean of undo) clean();
  });

  /** Opens `sdx` as a stage does, closes it again, and tells why it was refused. */
  async function refusals(request: Partial<DestructionRequest> = {}): Promise<string[]> {
    machine.lookAgain();
    const device = (await drives()).find(({ name }) => name === "sdx");
    assert.ok(device);
    const wanted = {
      allowedHere: true,
      destroyData: ["S1"],
      confirmSignatures: [],
      serialsHere: ["S1", "S2"],
      ...request,
    };
    const opened = await openToDestroy(device, wanted, signal);
    if ("refused" in opened) return opened.refused;
    await opened.handle.close();
    return [];
  }

  test("opens when it is spare, empty and named, and not otherwise: off here, another serial, not specified", async () => {
    assert.deepEqual(await refusals(), []);
    assert.match(String(await refusals({ allowedHere: false })), /--destructive-tests/);
    assert.match(String(await refusals({ destroyData: ["S2", "s1"] })), /no operator named serial "S1"/);
    assert.match(String(await refusals({ serialsHere: ["S1", "S1"] })), /2 disks .* have serial "S1"/);
    assert.match(String(await refusals({ specDisks: [{ serial: "S9", tolerance: 0 }] })), /does not list it/);
  });

  for (const { type, at, bytes } of SIGNATURES) {
    test(`that carries ${type} needs a confirmation of its own, for its serial`, async () => {
      write(disk, at, bytes);
      assert.deepEqual(await refusals(), [`it carries ${type}, which no operator confirmed for serial "S1"`]);
      assert.equal((await refusals({ confirmSignatures: ["S2"] })).length, 1);
      assert.deepEqual(await refusals({ confirmSignatures: ["S1"] }), []);
      write(disk, at, Buffer.alloc(bytes.length));
    });
  }

  test("is refused with a file system on it, and however confirmed while that is mounted or the system's", async () => {
    execFileSync("mkfs.ext4", ["-q", disk.loop]);
    const confirmed = { confirmSignatures: ["S1"] };
    assert.match(String(await refusals()), /carries ext4/);
    const folder = join(machine.root, "mounted here");
    mkdirSync(folder);
    execFileSync("mount", [disk.loop, folder]);
    try {
      assert.deepEqual(await refusals(confirmed), [`mounted at ${folder}`]);
      // Seen by no list, such as in another namespace: the kernel does not give it away all the same.
      machine.pretended.set("proc/self/mountinfo", "");
      assert.match(String(await refusals(confirmed)), /cannot be opened exclusively: EBUSY/);
    } finally {
      machine.pretended.clear();
      execFileSync("umount", [folder]);
    }
    machine.pretended.set("proc/cmdline", `ro root=${disk.loop} quiet\n`);
    assert.deepEqual(await refusals(confirmed), ["this system was started from it"]);
    machine.pretended.clear();
    execFileSync("wipefs", ["--quiet", "--all", disk.loop]);
  });

  test("is refused while the kernel swaps to it", async () => {
    execFileSync("mkswap", [disk.loop], { stdio: "ignore" });
    execFileSync("swapon", [disk.loop]);
    try {
      assert.deepEqual(await refusals({ confirmSignatures: ["S1"] }), [`the kernel swaps to ${disk.loop}`]);
    } finally {
      execFileSync("swapoff", [disk.loop]);
      execFileSync("wipefs", ["--quiet", "--all", disk.loop]);
    }
  });

  test("is refused while something is built on it, or is mounted on what is built on it", async () => {
    machine.write(join(machine.root, "sys/devices/virtual/block/dm-0/dev"), "252:0");
    machine.link("sys/class/block/dm-0", join(machine.root, "sys/devices/virtual/block/dm-0"));
    machine.link("sys/block/dm-0", join(machine.root, "sys/devices/virtual/block/dm-0"));
    machine.link("sys/dev/block/252:0", join(machine.root, "sys/devices/virtual/block/dm-0"));
    symlinkSync("../../dm-0", join(disk.folder, "holders/dm-0"));
    assert.deepEqual(await refusals(), ["in use by dm-0"]);
    machine.pretended.set("proc/self/mountinfo", "9 1 252:0 / / rw - ext4 /dev/mapper/root rw\n");
    assert.deepEqual(await refusals(), ["mounted at /", "in use by dm-0", "this system was started from it"]);
    machine.pretended.clear();
    unlinkSync(join(disk.folder, "holders/dm-0"));
  });

  test("is refused without an identity of its own", async () => {
    machine.write(join(disk.folder, "device/serial"), " ");
    assert.match(String(await refusals({ destroyData: [" ", ""] })), /it tells no serial number/);
    machine.write(join(disk.folder, "device/serial"), "S1");
    machine.write(join(disk.folder, "device/wwid"), "");
    assert.deepEqual(await refusals(), ["it tells no worldwide name, so it cannot be opened by it"]);
    machine.write(join(disk.folder, "device/wwid"), "naa.2");
    assert.deepEqual(await refusals(), ["not one disk has the worldwide name naa.2"]);
    machine.write(join(disk.folder, "device/wwid"), "naa.1");
  });

  test("is refused when its name leads to another disk", async () => {
    unlinkSync(join(machine.root, "dev/sdx"));
    machine.link("dev/sdx", twin.loop);
    assert.deepEqual(await refusals(), ['another disk was opened: serial "S2"']);
    unlinkSync(join(machine.root, "dev/sdx"));
    machine.link("dev/sdx", disk.loop);
  });

  test("is refused when it is read-only, when what stands on it cannot be read, and when it is no drive of this machine", async () => {
    machine.write(join(disk.folder, "ro"), "1");
    assert.deepEqual(await refusals(), ["it is read-only"]);
    machine.write(join(disk.folder, "ro"), "0");
    unlinkSync(join(machine.root, "dev/sdx"));
    assert.match(String(await refusals()), /what stands on it could not be read/);
    machine.link("dev/sdx", disk.loop);
    for (const [bus, why] of FAR) {
      const far = machine.addDrive(`sdf${why.length}`, { serial: "S1", wwn: `naa.${why}`, bus });
      const device = (await drives()).find(({ name }) => name === far.name);
      assert.ok(device);
      const request = { allowedHere: true, destroyData: ["S1"], confirmSignatures: [], serialsHere: ["S1"] };
      assert.deepEqual(await openToDestroy(device, request, signal), {
        refused: [`it is not a drive of this machine: ${why}`],
      });
    }
  });
});

/** Where the kernel shows drives that are somewhere else. */
const FAR: [bus: string, why: string][] = [
  ["sys/devices/platform/host3/session1/target3:0:0/3:0:0:0/block", "it is attached by iSCSI"],
  [
    "sys/devices/pci0000:00/0000:00:02.0/host1/rport-1:0-1/target1:0:0/1:0:0:0/block",
    "it is attached by Fibre Channel",
  ],
  ["sys/devices/virtual/block", "it is virtual"],
];

function write({ loop }: PlayedDrive, at: number, bytes: Buffer): void {
  const fd = openSync(loop, "r+");
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

/** The label of an LVM physical volume, with its checksum: a CRC-32 that begins at a number of LVM's own. */
function lvmLabel(): Buffer {
  const label = Buffer.alloc(512);
  label.write("LABELONE");
  label.writeBigUInt64LE(1n, 8);
  label.writeUInt32LE(32, 20);
  label.write("LVM2 001", 24);
  label.write("0123456789abcdef0123456789abcdef", 32);
  let crc = 0xf597a6cf;
  for (const byte of label.subarray(20)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  label.writeUInt32LE(crc >>> 0, 16);
  return label;
}

/** The end of a swap area's first page: its version, its last page, and its mark. */
function swapHeader(): Buffer {
  const header = Buffer.alloc(4096 - 1024);
  header.writeUInt32LE(1, 0);
  header.writeUInt32LE(1000, 4);
  header.write("SWAPSPACE2", header.length - 10);
  return header;
}

/** The superblock of Linux RAID, version 1.2, which stands 4 KiB from the start. */
function raidSuperblock(): Buffer {
  const block = Buffer.alloc(256);
  block.writeUInt32LE(0xa92b4efc, 0);
  block.writeUInt32LE(1, 4);
  block.writeBigUInt64LE(8n, 144);
  let sum = 0n;
  for (let at = 0; at < 256; at += 4) sum += BigInt(block.readUInt32LE(at));
  block.writeUInt32LE(Number(((sum & 0xffffffffn) + (sum >> 32n)) & 0xffffffffn), 216);
  return block;
}
